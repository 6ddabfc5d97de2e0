namespace RePaViT.Transfer;

/// <summary>Features of labeled images, each of which was seen once as it is and maybe again, changed at random.</summary>
/// <param name="Dim">Numbers of a row.</param>
/// <param name="Classes">Number of classes; some may have no image.</param>
/// <param name="Images">[views, dim] of each image; the first row is that of the image as it is.</param>
/// <param name="Labels">The class of each image.</param>
internal sealed record FeatureSet(int Dim, int Classes, float[][] Images, int[] Labels)
{
    public int Count => Images.Length;

    /// <summary>A row of an image.</summary>
    public ReadOnlySpan<float> Row(int image, int view) => Images[image].AsSpan(view * Dim, Dim);

    /// <summary>Rows of an image.</summary>
    public int ViewsOf(int image) => Images[image].Length / Dim;

    /// <summary>Some of the images.</summary>
    public FeatureSet Take(IReadOnlyList<int> indices)
        => this with { Images = [.. indices.Select(i => Images[i])], Labels = [.. indices.Select(i => Labels[i])] };

    /// <summary>Images of each class.</summary>
    public int[] CountLabels()
    {
        int[] counts = new int[Classes];
        foreach (int label in Labels)
        {
            counts[label]++;
        }

        return counts;
    }

    /// <summary>What each image counts; together 1.</summary>
    /// <param name="isBalanced">Whether all classes that have images count the same.</param>
    public double[] Weights(bool isBalanced)
    {
        int[] counts = CountLabels();
        int present = counts.Count(count => count > 0);
        return [.. Labels.Select(label => isBalanced ? 1.0 / present / counts[label] : 1.0 / Count)];
    }
}
