using RePaViT.IO;
using RePaViT.Tests.Support;

namespace RePaViT.Cluster.Tests.Support;

/// <summary>A model with random weights, a folder of images and a list of them, and what one process says of each.</summary>
internal sealed class ScoringData : IDisposable
{
    public const int ImagesDrawn = 20;

    private static readonly ViTArchitecture _architecture =
        new() { ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, IdleRatio = 0.7, Classes = 3 };

    private readonly TemporaryFolder _folder = new();

    /// <param name="images">Images of the list: those that were drawn, again and again.</param>
    public ScoringData(int images)
    {
        var weights = RandomWeights.Network(_architecture, seed: 1).Weights;
        RePaViTModel model = new RePaViTModel(_architecture, NetworkForm.Trained, weights, ["red", "green", "blue"]).Reparameterize();
        model.Save(Model);
        model = RePaViTModel.Load(Model);
        string[] lines = new string[ImagesDrawn];
        for (int i = 0; i < ImagesDrawn; i++)
        {
            RgbImage image = TestImages.Random(12 + i, 20 - i / 2, seed: i);
            System.IO.File.WriteAllBytes(_folder.File($"{i}.png"), PngFile.Encode(image.Width, image.Height, image.Pixels.Span));
            Prediction prediction = model.Predict(image);

            // "R": a number that is read back as the same bits.
            lines[i] = FormattableString.Invariant(
                $"\"file\":\"{i}.png\",\"class\":\"{prediction.ClassName}\",\"probability\":{prediction.Probability:R}}}");
        }

        System.IO.File.WriteAllLines(List, Enumerable.Range(0, images).Select(i => $"{i % ImagesDrawn}.png"));
        Expected = [.. Enumerable.Range(0, images).Select(i => FormattableString.Invariant($"{{\"index\":{i},{lines[i % ImagesDrawn]}"))];
    }

    public string Model => _folder.File("model.onnx");

    public string List => _folder.File("list.txt");

    /// <summary>The lines of the results.</summary>
    public string[] Expected { get; }

    public string File(string name) => _folder.File(name);

    public ScoringJob Job(string output, int imagesPerPart)
        => new() { ImageList = List, OutputFolder = _folder.File(output), ImagesPerPart = imagesPerPart };

    public void Dispose() => _folder.Dispose();
}
