namespace RePaViT;

/// <summary>Some images of another data set, without copying them.</summary>
internal sealed class SubsetImageDataset(IImageDataset source, int[] indices) : IImageDataset
{
    public IReadOnlyList<string> ClassNames => source.ClassNames;

    public int Count => indices.Length;

    public RgbImage GetImage(int index) => source.GetImage(indices[index]);

    public int GetLabel(int index) => source.GetLabel(indices[index]);
}
