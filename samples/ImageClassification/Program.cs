using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT;
using RePaViT.ImageClassification;

var folder = new Argument<DirectoryInfo?>("folder")
{
    Description = "A folder with one subfolder of image files for each class. If it is left out, images of shapes are drawn.",
    Arity = ArgumentArity.ZeroOrOne,
};
var epochs = new Option<int?>("--epochs") { Description = "How often each training image is seen. Default: depends on the data." };
var imageSize = new Option<int>("--image-size")
{
    Description = "Width and height at which images enter the network, a multiple of 8.",
    DefaultValueFactory = _ => 64,
};
var output = new Option<DirectoryInfo>("--output")
{
    Description = "Folder for MLModel.mlnet, the report, the checkpoint and drawn images.",
    DefaultValueFactory = _ => new DirectoryInfo("imageclassification-output"),
};
var resume = new Option<bool>("--resume") { Description = "Continue from the checkpoint in the output folder." };
var command = new RootCommand("Trains an ML.NET pipeline on a folder of images, evaluates, saves, loads and uses it.")
{
    folder, epochs, imageSize, output, resume,
};

// Ctrl+C is listened for once the task is returned: until then the process would just end.
command.SetAction((line, cancellation) => Task.Run(
    () => Run(
        line.GetValue(folder)?.FullName,
        line.GetValue(output)!.FullName,
        line.GetValue(epochs),
        line.GetValue(imageSize),
        line.GetValue(resume),
        cancellation),
    CancellationToken.None));
try
{
    return command.Parse(args).Invoke(new InvocationConfiguration
    {
        EnableDefaultExceptionHandler = false,
        // The step in progress and saving may take longer than the two seconds that are the default.
        ProcessTerminationTimeout = TimeSpan.FromMinutes(10),
    });
}
catch (Exception exception) when (
    exception is ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException
        or NotSupportedException or InvalidOperationException or OperationCanceledException or TrainingDivergedException)
{
    Console.Error.WriteLine($"Error: {exception.Message}");
    return 1;
}

static void Run(
    string? folder, string output, int? epochs, int imageSize, bool resume, CancellationToken cancellationToken)
{
    Directory.CreateDirectory(output);
    ImageClassificationRePaViTTrainer.Options options = folder is null ? ForShapes() : MLModel.DefaultOptions();
    if (folder is null)
    {
        folder = Path.Combine(output, "shapes");
        Console.WriteLine($"Drawing images of shapes in {folder}");
        ShapeFiles.Write(folder);
    }
    else
    {
        options.Architecture = (ViTArchitecture)options.Architecture with { ImageSize = imageSize };
    }

    options.Epoch = epochs;
    options.CheckpointFolder = output;
    options.ReportPath = Path.Combine(output, "report.html");
    options.Resume = resume;
    options.CancellationToken = cancellationToken;

    var mlContext = new MLContext(seed: 1);
    mlContext.Log += (_, message) =>
    {
        if (message.Kind >= ChannelMessageKind.Info
            && message.Source.Contains(nameof(ImageClassificationRePaViTTrainer), StringComparison.Ordinal))
        {
            Console.WriteLine(message.RawMessage);
        }
    };
    DataOperationsCatalog.TrainTestData data =
        mlContext.Data.TrainTestSplit(MLModel.LoadImageFromFolder(mlContext, folder), testFraction: 0.2);
    ITransformer model = MLModel.RetrainModel(mlContext, data.TrainSet, options);

    MulticlassClassificationMetrics metrics = MLModel.Evaluate(mlContext, model, data.TestSet);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"Test images: micro accuracy {100 * metrics.MicroAccuracy:F2} %, macro accuracy {100 * metrics.MacroAccuracy:F2} %, log-loss {metrics.LogLoss:F4}"));
    Console.WriteLine(metrics.ConfusionMatrix.GetFormattedConfusionTable());

    MLModel.MLNetModelPath = Path.Combine(output, "MLModel.mlnet");
    MLModel.SaveModel(mlContext, model, data.TrainSet, MLModel.MLNetModelPath);
    Console.WriteLine($"Saved {MLModel.MLNetModelPath}, {new FileInfo(MLModel.MLNetModelPath).Length:N0} bytes. "
        + "Loaded again, it predicts:");
    foreach (string path in data.TestSet.GetColumn<string>("ImagePath").DistinctBy(Path.GetDirectoryName))
    {
        MLModel.ModelOutput prediction = MLModel.Predict(new MLModel.ModelInput { ImageSource = File.ReadAllBytes(path) });
        string scores = string.Join(", ", MLModel.GetSortedScoresWithLabels(prediction).Take(3)
            .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {100 * pair.Value:F1} %")));
        Console.WriteLine($"  {Path.GetRelativePath(folder, path)}: {prediction.PredictedLabel} ({scores})");
    }
}

// Outlines in 32 x 32 pixels, which a network this small learns in about a minute.
static ImageClassificationRePaViTTrainer.Options ForShapes() => new()
{
    Architecture = new ViTArchitecture { Dim = 96, Depth = 4, Heads = 3, ImageSize = 32, PatchSize = 8 },
    Recipe = new TrainingRecipe
    {
        Epochs = 20,
        LearningRate = 3e-3,
        WarmupEpochs = 2,
        DropPathRate = 0,
        EmaDecay = 0.99,
        Augmentation = AugmentationOptions.None with { HorizontalFlip = 0.5 },
    },
};
