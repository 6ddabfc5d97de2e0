using System.CommandLine;
using System.Globalization;
using RePaViT.QuickStart;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>convert</c>: a vanilla network made channel-idle without training, beside one that is trained so.</summary>
internal static class ConvertCommand
{
    private const int TrainingShapes = 10_000;
    private const int TestShapes = 2000;
    private const int ShapeSize = 32;
    private const double SecondsToMeasure = 2;

    // Shapes of a seed that no run trains with.
    private const ulong TestSeed = 1000;

    public static Command Create()
    {
        var cifar = new Option<string?>("--cifar10") { Description = "A folder with CIFAR-10, binary version." };
        var idx = new Option<string?>("--idx") { Description = "A folder with MNIST or a data set in its format." };
        var shapes = new Option<bool>("--shapes") { Description = "Drawn shapes: the default." };
        var seed = new Option<ulong>("--seed") { Description = "Names weights and order, and which shapes are drawn." };
        var epochs = new Option<int>("--epochs") { Description = "How often each image is seen.", DefaultValueFactory = _ => 15 };
        var images = new Option<int>("--images") { Description = "Calibration images.", DefaultValueFactory = _ => 512 };
        var training = new Option<int?>("--training-images") { Description = "Images to train on, the first ones. Default: all." };
        var models = new Option<string?>("--models") { Description = "A folder that keeps trained networks for later runs." };
        var command = new Command("convert", "Compares conversion to channel-idle with training.")
        {
            cifar, idx, shapes, seed, epochs, images, training, models,
        };
        var network = new SmallNetworkOptions(command, depth: 4);
        command.SetAction(commandLine =>
        {
            ulong seedValue = commandLine.GetValue(seed);
            ConversionTask task = ReadTask(
                commandLine.GetValue(cifar), commandLine.GetValue(idx), commandLine.GetValue(shapes), seedValue)
                .WithTraining(commandLine.GetValue(training));
            ViTArchitecture architecture = network.Read(commandLine, task.Test.GetImage(0).Width) with { Classes = task.Test.ClassNames.Count };
            var recipe = new TrainingRecipe { Epochs = commandLine.GetValue(epochs), BatchSize = 64, WarmupEpochs = 1, Seed = seedValue };
            ConvertReport report = ConversionComparison.Run(
                task, architecture, recipe, commandLine.GetValue(images), commandLine.GetValue(models), SecondsToMeasure);
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    private static ConversionTask ReadTask(string? cifar, string? idx, bool shapes, ulong seed)
    {
        if ((cifar is null ? 0 : 1) + (idx is null ? 0 : 1) + (shapes ? 1 : 0) > 1)
        {
            throw new ArgumentException("One of --cifar10, --idx and --shapes is needed at most.");
        }

        return cifar is not null
            ? new("cifar10", CifarDataset.ReadCifar10(cifar, DatasetPart.Train), CifarDataset.ReadCifar10(cifar, DatasetPart.Test))
            : idx is not null
                ? new("idx", IdxDataset.Read(idx, DatasetPart.Train), IdxDataset.Read(idx, DatasetPart.Test))
                : new(
                    "shapes", ShapesDataset.Create(TrainingShapes, ShapeSize, seed), ShapesDataset.Create(TestShapes, ShapeSize, TestSeed));
    }

    private static void Print(ConvertReport report)
    {
        Report.Text.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Data}, idle ratio {report.IdleRatio}, {report.Epochs} epochs, seed {report.Seed}, {report.Images} calibration images"));
        Print("vanilla", report.Vanilla);
        Print("converted", report.Converted);
        Print("converted, without normalization", report.ConvertedWithoutNormalization);
        Print("trained channel-idle", report.Trained);
        Print("first channels active, no refit", report.FirstChannels);
    }

    private static void Print(string name, ConvertedNetwork network) => Report.Text.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"  {name,-33} accuracy {network.Accuracy:P2}, agrees with vanilla {network.Agreement:P2}, {network.ImagesPerSecond,6:0} images/s{(network.Seconds is double seconds ? $", made in {seconds:0.0} s" : "")}"));
}
