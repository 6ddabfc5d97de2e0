using System.CommandLine;
using System.Globalization;
using RePaViT.QuickStart;
using RePaViT.Training;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>small-data</c>: what a recipe's defaults learn from few images, beside longer runs.</summary>
internal static class SmallDataCommand
{
    private const int Classes = 3;
    private const int TestImages = 2000;
    private const ulong TestSeed = 1000;

    // A longer run takes so many times the epochs.
    private const int Longer = 3;

    private static readonly double[] LearningRates = [5e-4, 1e-3, 2e-3];

    public static Command Create()
    {
        var images = new Option<int[]>("--images")
        {
            Description = "Numbers of training images.",
            DefaultValueFactory = _ => [120, 1000, 10_000],
            AllowMultipleArgumentsPerToken = true,
        };
        var cifar = new Option<string?>("--cifar10")
        {
            Description = "A folder with CIFAR-10, binary version, whose first images are taken. Default: drawn shapes of three classes.",
        };
        var size = new Option<int>("--size") { Description = "Width and height of a drawn image, in pixels.", DefaultValueFactory = _ => 32 };
        var epochs = new Option<int?>("--epochs") { Description = "How often each image is seen. Default: the recipe's." };
        var batch = new Option<int?>("--batch") { Description = "Images per step. Default: the recipe's." };
        var seeds = new Option<int>("--seeds") { Description = "Runs, each with images and weights of its own.", DefaultValueFactory = _ => 3 };
        var longer = new Option<bool>("--longer")
        {
            Description = $"Train for {Longer} times the epochs too, at several learning rates: what the images allow.",
        };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads that share a step.", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var command = new Command("small-data", "Measures what the defaults learn from few images.")
        {
            images, cifar, size, epochs, batch, seeds, longer, threads,
        };
        command.SetAction(commandLine =>
        {
            string? folder = commandLine.GetValue(cifar);
            var recipe = new TrainingRecipe { Epochs = commandLine.GetValue(epochs), BatchSize = commandLine.GetValue(batch) };
            foreach (int count in commandLine.GetRequiredValue(images))
            {
                SmallDataReport report = Run(
                    folder is null ? Shapes(commandLine.GetValue(size)) : Cifar(folder),
                    count,
                    recipe,
                    commandLine.GetValue(seeds),
                    commandLine.GetValue(longer),
                    commandLine.GetValue(threads));
                Report.Write(commandLine, report, Print);
            }
        });
        return command;
    }

    /// <summary>Shapes in 4 x 4 patches; each seed draws others.</summary>
    public static SmallDataTask Shapes(int size) => new(
        Network(size, size / 4, Classes),
        (count, seed) => ShapesDataset.Create(count, size, seed, Classes),
        ShapesDataset.Create(TestImages, size, TestSeed, Classes));

    /// <exception cref="ArgumentException">A number is not valid.</exception>
    public static SmallDataReport Run(
        SmallDataTask task, int images, TrainingRecipe recipe, int seeds, bool longer, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        TrainingRecipe complete = recipe.Complete(images);
        double[] accuracies = [.. Enumerable.Range(0, seeds).Select(seed => Learn(recipe, seed))];
        double? best = longer
            ? LearningRates.Max(rate => Learn(complete with { Epochs = Longer * complete.Epochs, LearningRate = rate }, seed: 0))
            : null;
        int steps = complete.Epochs!.Value * (images / complete.BatchSize!.Value);
        return new SmallDataReport(
            images, complete.BatchSize.Value, complete.Epochs.Value, steps, accuracies.Average(), accuracies.Min(), accuracies.Max(), best);

        double Learn(TrainingRecipe recipe, int seed)
            => new Trainer(task.Network, recipe with { Seed = (ulong)seed }, new TrainerOptions { Threads = threads })
                .Fit(task.Training(images, (ulong)seed)).Deploy().Evaluate(task.Test).Accuracy;
    }

    private static SmallDataTask Cifar(string folder)
    {
        InMemoryImageDataset all = CifarDataset.ReadCifar10(folder, DatasetPart.Train);
        return new SmallDataTask(
            Network(32, 4, all.ClassNames.Count),
            (count, _) => new SubsetImageDataset(all, [.. Enumerable.Range(0, count)]),
            CifarDataset.ReadCifar10(folder, DatasetPart.Test));
    }

    private static ViTArchitecture Network(int size, int patch, int classes)
        => new() { Dim = 96, Depth = 4, Heads = 3, ImageSize = size, PatchSize = patch, Classes = classes, IdleRatio = 0.75 };

    private static void Print(SmallDataReport report) => Report.Text.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Images} images: batch {report.BatchSize}, {report.Epochs} epochs, {report.Steps} steps: accuracy {report.Accuracy:P1} ({report.Lowest:P1} to {report.Highest:P1})")
        + (report.Longer is double longer ? string.Create(CultureInfo.InvariantCulture, $"; the best of {Longer} times the epochs {longer:P1}") : ""));
}

/// <summary>A network, as many images as are asked for, which follow from a seed, and others to test it on.</summary>
internal sealed record SmallDataTask(ViTArchitecture Network, Func<int, ulong, IImageDataset> Training, IImageDataset Test);

/// <summary>What some seeds arrived at, and the best of the longer runs, which was chosen on the same test images.</summary>
internal sealed record SmallDataReport(
    int Images, int BatchSize, int Epochs, int Steps, double Accuracy, double Lowest, double Highest, double? Longer);
