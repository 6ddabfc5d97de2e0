using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RePaViT.Benchmarks.Engines;
using RePaViT.Kernels;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>learn</c>: trains a network on CIFAR-10, to compare what engines arrive at.</summary>
internal static class LearnCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "A folder with CIFAR-10, binary version." };
        var epochs = new Option<int>("--epochs") { Description = "How often each image is seen.", DefaultValueFactory = _ => 10 };
        var dim = new Option<int>("--dim") { Description = "Channels of a token.", DefaultValueFactory = _ => 192 };
        var depth = new Option<int>("--depth") { Description = "Number of blocks.", DefaultValueFactory = _ => 6 };
        var patch = new Option<int>("--patch") { Description = "Width and height of a patch.", DefaultValueFactory = _ => 4 };
        var command = new Command("learn", "Trains a network on CIFAR-10 and measures the accuracy of what is deployed.")
        {
            folder, epochs, dim, depth, patch,
        };
        var engine = new EngineOptions(command);
        command.SetAction(commandLine =>
        {
            var architecture = new ViTArchitecture
            {
                ImageSize = 32,
                PatchSize = commandLine.GetValue(patch),
                Dim = commandLine.GetValue(dim),
                Depth = commandLine.GetValue(depth),
                Heads = 3,
                Classes = 10,
                IdleRatio = 0.75,
            };
            LearnReport report = Run(
                engine.Read(commandLine).Create(),
                architecture,
                CifarDataset.ReadCifar10(commandLine.GetRequiredValue(folder), DatasetPart.Train),
                CifarDataset.ReadCifar10(commandLine.GetRequiredValue(folder), DatasetPart.Test),
                commandLine.GetValue(epochs));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">The architecture or a number is not valid.</exception>
    public static LearnReport Run(
        IBenchmarkEngine engine, ViTArchitecture architecture, IImageDataset training, IImageDataset test, int epochs)
    {
        // The seed is fixed: every engine starts from the same weights and sees the same images in the same order. Batches and
        // warm-up are, and channels idle throughout, so that runs can be compared with those of other data sets and times.
        var recipe = new TrainingRecipe { Epochs = epochs, BatchSize = 64, WarmupEpochs = 1, ChannelIdleMethod = ChannelIdleMethod.Train };
        var trainer = new Trainer(architecture, recipe, options: null, engine.Backend);
        var clock = Stopwatch.StartNew();
        TrainingResult result = trainer.Fit(training, test);
        EpochSummary last = result.History[^1];
        return new LearnReport(
            engine.Description, epochs, last.TrainingLoss, last.Validation!.Loss, last.Validation.Accuracy, clock.Elapsed.TotalSeconds,
            QuantizedGemm.IsSupported ? result.Model.WithPrecision(InferencePrecision.EightBit).Evaluate(test).Accuracy : null);
    }

    private static void Print(LearnReport report) => Report.Text.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Engine}: accuracy {report.Accuracy:P2}, loss {report.Loss:0.0000} (training {report.TrainingLoss:0.0000}) after {report.Epochs} epochs, {report.Seconds:0} s")
        + (report.EightBitAccuracy is double rounded ? string.Create(CultureInfo.InvariantCulture, $"; accuracy {rounded:P2} with 8-bit products") : ""));
}

/// <summary>What a run arrived at.</summary>
internal sealed record LearnReport(
    string Engine, int Epochs, double TrainingLoss, double Loss, double Accuracy, double Seconds,
    double? EightBitAccuracy);
