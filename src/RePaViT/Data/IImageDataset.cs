namespace RePaViT;

/// <summary>Labeled images with random access. Reading from several threads at once must be safe.</summary>
public interface IImageDataset
{
    /// <summary>Names of the classes; a label is an index into this list.</summary>
    IReadOnlyList<string> ClassNames { get; }

    /// <summary>Number of images.</summary>
    int Count { get; }

    /// <summary>An image.</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    RgbImage GetImage(int index);

    /// <summary>The class of an image, in [0, number of classes).</summary>
    /// <param name="index">In [0, <see cref="Count"/>).</param>
    int GetLabel(int index);
}
