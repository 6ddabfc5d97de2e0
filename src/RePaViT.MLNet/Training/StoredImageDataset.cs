using RePaViT.Data;

namespace RePaViT.MLNet.Training;

/// <summary>Labeled images of a store, in the order of the rows that they came from.</summary>
internal sealed class StoredImageDataset(
    ImageStore store, StoredImage[] images, int[] labels, IReadOnlyList<string> classNames) : IImageDataset, IHashedImages
{
    public IReadOnlyList<string> ClassNames => classNames;

    public int Count => images.Length;

    public RgbImage GetImage(int index) => store.Get(images[index]);

    public int GetLabel(int index) => labels[index];

    public ulong GetHash(int index) => images[index].Hash;
}
