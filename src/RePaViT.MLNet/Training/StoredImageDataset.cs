using RePaViT.Data;

namespace RePaViT.MLNet.Training;

/// <summary>Labeled images of a store, in the order of the rows that they came from.</summary>
internal sealed class StoredImageDataset(
    ImageStore store, StoredImage[] images, int[] labels, int[] rows, int rowCount, IReadOnlyList<string> classNames)
    : IImageDataset, IHashedImages, INumberedImages
{
    public IReadOnlyList<string> ClassNames => classNames;

    public int Count => images.Length;

    public RgbImage GetImage(int index) => store.Get(images[index]);

    public int GetLabel(int index) => labels[index];

    public ulong GetHash(int index) => images[index].Hash;

    /// <summary>Rows that the images came from, those that were left out included.</summary>
    public int WholeCount => rowCount;

    public int GetPlace(int index) => rows[index];
}
