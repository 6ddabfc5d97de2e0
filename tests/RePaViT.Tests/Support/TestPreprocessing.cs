namespace RePaViT.Tests.Support;

internal static class TestPreprocessing
{
    /// <summary>Leaves samples from 0 to 255 as they are: what is folded with it takes what it took before.</summary>
    public static ImagePreprocessing Identity { get; } = new() { Mean = default, StandardDeviation = new Rgb(1 / 255f, 1 / 255f, 1 / 255f) };
}
