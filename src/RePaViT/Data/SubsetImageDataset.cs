using RePaViT.Data;

namespace RePaViT;

/// <summary>Some images of another data set, without copying them.</summary>
internal sealed class SubsetImageDataset(IImageDataset source, int[] indices) : IImageDataset, IHashedImages, INumberedImages
{
    public IReadOnlyList<string> ClassNames => source.ClassNames;

    public int Count => indices.Length;

    public RgbImage GetImage(int index) => source.GetImage(SourceIndex(index));

    public int GetLabel(int index) => source.GetLabel(SourceIndex(index));

    public ulong GetHash(int index) => (source as IHashedImages)?.GetHash(SourceIndex(index)) ?? 0;

    public int WholeCount => (source as INumberedImages)?.WholeCount ?? source.Count;

    public int GetPlace(int index) => (source as INumberedImages)?.GetPlace(SourceIndex(index)) ?? SourceIndex(index);

    private int SourceIndex(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return indices[index];
    }
}
