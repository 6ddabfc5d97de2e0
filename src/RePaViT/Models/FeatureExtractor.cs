using RePaViT.Models;
using RePaViT.Operators;

namespace RePaViT;

/// <summary>
/// A model without its head: computes the features that the head would read, or the feature map of a stage, for search,
/// clustering or another kind of classifier. <see cref="RePaViTModel.CreateExtractor"/> creates it. Immutable, and safe to
/// use from several threads at once.
/// </summary>
public sealed class FeatureExtractor
{
    private readonly OutputEngine _engine;
    private readonly Shape _shape;

    internal FeatureExtractor(string output, Shape shape, OutputEngine engine)
    {
        (Output, _shape, _engine) = (output, shape, engine);
    }

    /// <summary>Name of the output.</summary>
    public string Output { get; }

    /// <summary>Rows per image: 1 for features, and for a stage its tokens, or the positions of its map line by line.</summary>
    public int Rows => _shape.Rows;

    /// <summary>Numbers per row.</summary>
    public int Columns => _shape.Columns;

    /// <summary>Numbers per image.</summary>
    internal int Length => Rows * Columns;

    /// <summary>The number of images that should be computed at once.</summary>
    internal int ImagesPerBatch => _engine.ImagesPerBatch;

    /// <summary>Computes features of images that are already prepared.</summary>
    /// <param name="images">[count, 3, size, size]: planes of red, green, blue from 0 to 255.</param>
    /// <param name="features">[count, rows, columns]; their lengths give the count.</param>
    /// <exception cref="ArgumentException">The lengths fit no number of images.</exception>
    /// <exception cref="NotSupportedException">The network is too large for the CPU engine; the message says which buffer is.</exception>
    public void Compute(ReadOnlySpan<float> images, Span<float> features) => _engine.Run(images, features);

    /// <summary>Computes the features of an image of any size.</summary>
    /// <param name="image">The image.</param>
    /// <returns>[rows, columns], row by row.</returns>
    /// <exception cref="ArgumentException">The image has no pixels.</exception>
    public float[] Compute(RgbImage image) => Compute([image])[0];

    /// <summary>Computes the features of images of any sizes.</summary>
    /// <param name="images">The images.</param>
    /// <returns>[rows, columns] for each, in the same order.</returns>
    /// <exception cref="ArgumentException">An image has no pixels.</exception>
    public IReadOnlyList<float[]> Compute(IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        float[][] features = new float[images.Count][];
        ForEachImage(images.Count, index => images[index], (index, values) => features[index] = values.ToArray(), CancellationToken.None);
        return features;
    }

    /// <summary>Runs images of any sizes, and gives the features of each.</summary>
    internal void ForEachImage(int count, Func<int, RgbImage> image, OutputAction use, CancellationToken cancellationToken)
        => _engine.ForEachImage(count, image, use, cancellationToken);
}
