using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT;

// Trains on images of two colors, saves the model, and opens it in both ways: all three must say the same.
var mlContext = new MLContext(seed: 1);
IDataView images = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 20).Select(Image.Create));
ITransformer trained = mlContext.Transforms.Conversion.MapValueToKey("Label")
    .Append(mlContext.MulticlassClassification.Trainers.RePaViT(new ImageClassificationRePaViTTrainer.Options
    {
        FeatureColumnName = "Pixels",
        Architecture = new ViTArchitecture { ImageSize = 16, PatchSize = 8, Dim = 32, Depth = 2, Heads = 1 },
        Epoch = 10,
        Device = Device.Cpu,
        ValidationSetFraction = null,
    }))
    .Fit(images);
mlContext.Model.SaveAtomically(trained, images.Schema, "model.zip");

float[][] expected = Scores(trained.Transform(images));
Compare("Model.Load", Scores(mlContext.Model.Load("model.zip", out _).Transform(images)));
Compare("LoadRePaViT", Scores(mlContext.Model.LoadRePaViT("model.zip", Device.Cpu).Transform(images)));
Console.WriteLine("The same answers.");

static float[][] Scores(IDataView view) => [.. view.GetColumn<float[]>("Score")];

void Compare(string what, float[][] actual)
{
    float difference = expected.Zip(actual, (left, right) => left.Zip(right, (x, y) => Math.Abs(x - y)).Max()).Max();
    if (!(difference <= 1e-5f))
    {
        throw new InvalidOperationException($"{what} gives scores that differ by {difference}.");
    }
}

internal sealed class Image
{
    [VectorType(3, 16, 16)]
    public float[] Pixels { get; set; } = [];

    public string Label { get; set; } = "";

    public static Image Create(int number)
    {
        bool isRed = number % 2 == 0;
        return new Image
        {
            Pixels = [.. Enumerable.Range(0, 3 * 256).Select(i => i / 256 == (isRed ? 0 : 2) ? 255f - number : i % 7 + number)],
            Label = isRed ? "red" : "blue",
        };
    }
}
