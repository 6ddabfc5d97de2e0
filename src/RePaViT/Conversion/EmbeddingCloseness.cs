namespace RePaViT.Conversion;

/// <summary>Measures how close the embeddings of two networks are, image by image.</summary>
internal sealed class EmbeddingCloseness
{
    private double _sum;
    private int _images;

    /// <summary>Mean cosine of all images, -1 to 1.</summary>
    public double Mean => _sum / _images;

    /// <summary>The smallest cosine of an image.</summary>
    public double Least { get; private set; } = 1;

    /// <summary>Takes images in.</summary>
    /// <param name="original">Vectors other than 0, [images, columns].</param>
    /// <param name="converted">Those of the other network, likewise.</param>
    /// <param name="columns">Numbers of a vector.</param>
    public void Add(ReadOnlySpan<float> original, ReadOnlySpan<float> converted, int columns)
    {
        for (int start = 0; start < original.Length; start += columns)
        {
            double cosine = Cosine(original.Slice(start, columns), converted.Slice(start, columns));
            _sum += cosine;
            _images++;
            Least = Math.Min(Least, cosine);
        }
    }

    // In double: a float cannot tell cosines apart that are closer to 1 than 6e-8.
    private static double Cosine(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        double product = 0;
        double squaresOfX = 0;
        double squaresOfY = 0;
        for (int i = 0; i < x.Length; i++)
        {
            product += (double)x[i] * y[i];
            squaresOfX += (double)x[i] * x[i];
            squaresOfY += (double)y[i] * y[i];
        }

        return product / Math.Sqrt(squaresOfX * squaresOfY);
    }
}
