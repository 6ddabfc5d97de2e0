using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;
using RePaViT.Tool.Tests;
using SkiaSharp;

namespace RePaViT.PhotoSimilarity.Tests.Support;

/// <summary>A folder of photos of colored fields, a network to compare them, and a place for the page.</summary>
internal sealed class Album : IDisposable
{
    private const int Width = 64;
    private const int Height = 48;
    private const int Field = 16;
    private const int Noise = 3;

    private readonly TemporaryFolder _folder = new();

    public Album() => Directory.CreateDirectory(Photos);

    public string Photos => _folder.File("photos");

    public string Page => _folder.File("similar.html");

    public string PathOf(string name) => Path.Combine(Photos, name);

    /// <summary>A photo of its own for each seed, as PNG; noise makes it larger than JPEG files of it, as photos are.</summary>
    public void Add(string name, int seed)
    {
        RgbImage fields = TestImages.Random(Width / Field, Height / Field, seed);
        var noise = new Random(seed);
        RgbImage photo = TestImages.Create(Width, Height, (x, y, channel) =>
            Math.Clamp(fields.Pixels.Span[3 * (y / Field * fields.Width + x / Field) + channel] + noise.Next(-Noise, Noise + 1), 0, 255));
        File.WriteAllBytes(PathOf(name), ImageRow.Png(photo));
    }

    /// <summary>The same photo at three quarters of its size, as JPEG.</summary>
    public void AddResized(string name, string original)
    {
        using SKBitmap photo = SKBitmap.Decode(PathOf(original));
        using SKBitmap small = photo.Resize(new SKImageInfo(3 * Width / 4, 3 * Height / 4), SKFilterQuality.Medium);
        using SKData jpeg = small.Encode(SKEncodedImageFormat.Jpeg, 90);
        File.WriteAllBytes(PathOf(name), jpeg.ToArray());
    }

    /// <summary>A small vanilla network that has learned nothing: random features suffice for copies.</summary>
    public string WriteModel()
    {
        var architecture = new ViTArchitecture
        {
            ImageSize = 32, PatchSize = 8, Dim = 48, Depth = 2, Heads = 3, Classes = 2, IdleRatio = null,
        };
        NamedTensors weights = RandomWeights.Network(architecture, seed: 1).Weights;
        string path = _folder.File("model.onnx");
        new RePaViTModel(architecture, NetworkForm.Trained, weights, ["a", "b"]).Save(path);
        return path;
    }

    /// <summary>The same as weights, as other projects publish them.</summary>
    public string WriteWeights()
    {
        string path = _folder.File("model.safetensors");
        RePaViTModel.Load(WriteModel()).SaveWeights(path);
        return path;
    }

    /// <summary>Searches the folder; the page goes where <see cref="Page"/> says.</summary>
    public CommandRun Search(params string[] options) => SearchWith(WriteModel(), options);

    /// <summary>The same with another model.</summary>
    public CommandRun SearchWith(string model, params string[] options)
        => CommandRun.Of(SimilarityCommand.Run, [Photos, "--model", model, "--output", Page, .. options]);

    public void Dispose() => _folder.Dispose();
}
