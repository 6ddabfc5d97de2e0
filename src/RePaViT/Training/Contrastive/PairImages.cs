using RePaViT.Data;

namespace RePaViT.Training.Contrastive;

/// <summary>Images without their classes, each with the embedding of its text.</summary>
internal sealed class PairImages : IImageDataset, IHashedImages
{
    private readonly IImageDataset _images;

    /// <param name="images">The images.</param>
    /// <param name="texts">The embedding of each image's text.</param>
    /// <param name="classNames">The one class that a network without classes has.</param>
    public PairImages(IImageDataset images, IReadOnlyList<float[]> texts, IReadOnlyList<string> classNames)
        => (_images, Texts, ClassNames) = (images, texts, classNames);

    /// <summary>The embedding of each image's text.</summary>
    public IReadOnlyList<float[]> Texts { get; }

    public IReadOnlyList<string> ClassNames { get; }

    public int Count => _images.Count;

    public RgbImage GetImage(int index) => _images.GetImage(index);

    public int GetLabel(int index) => 0;

    public ulong GetHash(int index) => (_images as IHashedImages)?.GetHash(index) ?? 0;
}
