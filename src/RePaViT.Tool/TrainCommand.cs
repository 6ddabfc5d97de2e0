using System.CommandLine;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT.ImageClassification;

namespace RePaViT.Tool;

/// <summary><c>train</c>: a model of a folder with one folder of images for each class, and the code that uses it.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("FOLDER")
        {
            Description = "A folder with one subfolder of image files for each class.",
        }.AcceptExistingOnly();
        var output = new Option<DirectoryInfo?>("--output")
        {
            Description = "The folder for everything that is written. Default: the model's name.",
        };
        var name = new Option<string>("--name")
        {
            Description = "The name of the class in the generated code.", DefaultValueFactory = _ => "MLModel",
        };
        var test = new Option<double>("--test-fraction")
        {
            Description = "Share of the images that is held out to measure the model: at least 0 and below 1.",
            DefaultValueFactory = _ => 0.1,
        };
        var epochs = new Option<int?>("--epochs")
        {
            Description = "How often each training image is seen. Default: depends on the number of images.",
        };
        var imageSize = new Option<int>("--image-size")
        {
            Description = "Width and height at which images enter the network, a multiple of 8.", DefaultValueFactory = _ => 64,
        };
        var idleRatio = new Option<double>("--idle-ratio")
        {
            Description = "Share of hidden channels that become one matrix, 0 to 1.", DefaultValueFactory = _ => 0.75,
        };
        var pretrained = new Option<FileInfo?>("--pretrained")
        {
            Description = "Weights to start from, of timm, torchvision, Hugging Face or the paper's authors. Their network is used too.",
        };
        var device = new Option<Device>("--device") { Description = "auto, cpu or cuda.", DefaultValueFactory = _ => Device.Auto };
        var seed = new Option<int>("--seed")
        {
            Description = "Seed for the initial weights and the order of the images.", DefaultValueFactory = _ => 1,
        };
        var resume = new Option<bool>("--resume") { Description = "Continue an earlier run from the checkpoint in the output folder." };
        var command = new Command("train", "Trains a model on a folder of images, measures and saves it, and writes code that uses it.")
        {
            folder, output, name, test, epochs, imageSize, idleRatio, pretrained, device, seed, resume,
        };
        command.SetInterruptible((line, cancellation) =>
        {
            FileInfo? weights = line.GetValue(pretrained);
            ImageClassificationRePaViTTrainer.Options options = MLModel.DefaultOptions();
            string modelName = line.GetRequiredValue(name);
            string made = line.GetValue(output)?.FullName ?? Path.GetFullPath(modelName);
            options.Architecture = (ViTArchitecture)options.Architecture with
            {
                ImageSize = line.GetValue(imageSize), IdleRatio = line.GetValue(idleRatio),
            };
            options.Epoch = line.GetValue(epochs);
            options.Pretrained = weights is null ? null : PretrainedSource.FromFile(weights.FullName);
            options.Device = line.GetValue(device);
            options.CheckpointFolder = made;
            options.Resume = line.GetValue(resume);
            options.CancellationToken = cancellation;
            Run(line.GetRequiredValue(folder).FullName, made, modelName, line.GetValue(test), line.GetValue(seed), options);
            return cancellation.IsCancellationRequested ? Tool.Cancelled : Tool.Done;
        });
        return command;
    }

    private static void Run(
        string folder, string output, string name, double testFraction, int seed, ImageClassificationRePaViTTrainer.Options options)
    {
        GeneratedCode.ThrowUnlessName(name);
        if (testFraction is not (>= 0 and < 1))
        {
            throw new ArgumentException(string.Create(
                CultureInfo.InvariantCulture,
                $"{testFraction} is not accepted for --test-fraction: a share of at least 0 and below 1 is needed."));
        }

        var mlContext = new MLContext(seed);
        mlContext.Log += (_, message) =>
        {
            if (message.Kind == ChannelMessageKind.Warning && message.Source.Contains("RePaViT", StringComparison.Ordinal))
            {
                Console.Error.WriteLine($"Warning: {message.RawMessage}");
            }
        };
        IDataView images = MLModel.LoadImageFromFolder(mlContext, folder);
        DataOperationsCatalog.TrainTestData? split =
            testFraction > 0 ? mlContext.Data.TrainTestSplit(images, testFraction, seed: seed) : null;
        Directory.CreateDirectory(output);
        options.ReportPath = Path.Combine(output, "report.html");
        ITransformer model = ProgressBar.Show<TrainingProgress, ITransformer>(
            progress => MLModel.RetrainModel(mlContext, split?.TrainSet ?? images, options with { Progress = progress }),
            progress => progress.Conversion is ConversionProgress conversion
                ? (double)conversion.Block / conversion.Blocks
                : (double)progress.Step / progress.Steps,
            progress => progress.FinishedEpoch is not null || progress.Conversion is not null);
        ImageClassificationRePaViTTransformer classifier =
            ((IEnumerable<ITransformer>)model).OfType<ImageClassificationRePaViTTransformer>().Single();

        string saved = Path.Combine(output, GeneratedCode.ModelFile);
        string network = Path.Combine(output, "model.onnx");
        MLModel.SaveModel(mlContext, model, images, saved);
        classifier.SaveAsOnnx(network);
        Print(classifier.Reparameterization);
        if (split is DataOperationsCatalog.TrainTestData { TestSet: IDataView test } && !options.CancellationToken.IsCancellationRequested)
        {
            Print(MLModel.Evaluate(mlContext, model, test));
        }

        foreach (string file in (string[])[saved, network, options.ReportPath, .. GeneratedCode.Write(output, name)])
        {
            Console.WriteLine($"Wrote {file}");
        }
    }

    private static void Print(ReparameterizationReport report) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"Parameters {report.Trained.Parameters / 1e6:0.00} M as trained, {report.Deployed.Parameters / 1e6:0.00} M as saved; multiply-adds {report.Trained.MultiplyAdds / 1e6:0} M, {report.Deployed.MultiplyAdds / 1e6:0} M"));

    private static void Print(MulticlassClassificationMetrics metrics)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Test images: micro accuracy {100 * metrics.MicroAccuracy:F2} %, macro accuracy {100 * metrics.MacroAccuracy:F2} %, log-loss {metrics.LogLoss:F4}"));
        Console.WriteLine(metrics.ConfusionMatrix.GetFormattedConfusionTable());
    }
}
