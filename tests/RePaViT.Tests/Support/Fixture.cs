namespace RePaViT.Tests.Support;

/// <summary>The golden files of the reference implementation.</summary>
internal static class Fixture
{
    public static string Folder { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "Fixtures");

    public static string Path(string name) => System.IO.Path.Combine(Folder, $"{name}.safetensors");

    public static SafetensorsFile Read(string name) => Safetensors.Read(Path(name));
}
