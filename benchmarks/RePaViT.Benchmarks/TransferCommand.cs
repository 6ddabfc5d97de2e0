using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>transfer</c>: what a network that was pretrained on half of CIFAR-10's classes learns from a few images of the others.</summary>
internal static class TransferCommand
{
    public static Command Create()
    {
        var cifar = new Option<string>("--cifar10") { Description = "A folder with CIFAR-10, binary version.", Required = true };
        Option<int[]> images = ImageCounts.CreateOption();
        var seed = new Option<ulong>("--seed") { Description = "Chooses the images." };
        var model = new Option<string?>("--model") { Description = "Keeps the pretrained network, and is used if it is there." };
        var idleRatio = new Option<double?>("--idle-ratio") { Description = "Of the pretrained network. Default: a vanilla one." };
        var epochs = new Option<int>("--epochs") { Description = "Times that pretraining sees each image.", DefaultValueFactory = _ => 15 };
        var dim = new Option<int>("--dim") { Description = "Channels of a token.", DefaultValueFactory = _ => 96 };
        var depth = new Option<int>("--depth") { Description = "Number of blocks.", DefaultValueFactory = _ => 6 };
        var command = new Command("transfer", "Measures transfer learning against training from random weights.")
        {
            cifar, images, seed, model, idleRatio, epochs, dim, depth,
        };
        command.SetAction(commandLine =>
        {
            var task = TransferTask.Create(
                CifarDataset.ReadCifar10(commandLine.GetRequiredValue(cifar), DatasetPart.Train),
                CifarDataset.ReadCifar10(commandLine.GetRequiredValue(cifar), DatasetPart.Test));
            var architecture = new ViTArchitecture
            {
                ImageSize = 32,
                PatchSize = 4,
                Dim = commandLine.GetValue(dim),
                Depth = commandLine.GetValue(depth),
                Heads = 3,
                Classes = task.Pretraining.ClassNames.Count,
                IdleRatio = commandLine.GetValue(idleRatio),
            };
            RePaViTModel pretrained = Pretrain(task, architecture, commandLine.GetValue(epochs), commandLine.GetValue(model));
            TransferReport report = Run(task, pretrained, commandLine.GetRequiredValue(images), commandLine.GetValue(seed));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">A number is not valid.</exception>
    public static TransferReport Run(TransferTask task, RePaViTModel pretrained, IEnumerable<int> images, ulong seed) => new(
        seed,
        pretrained.Evaluate(task.PretrainingTest).Accuracy,
        task.Target.ClassNames,
        [.. images.Select(count => Compare(task, pretrained, count, seed))]);

    /// <summary>The network of a file, or a new one, which goes there.</summary>
    public static RePaViTModel Pretrain(TransferTask task, Architecture architecture, int epochs, string? path)
    {
        if (File.Exists(path))
        {
            return RePaViTModel.Load(path);
        }

        var recipe = new TrainingRecipe { Epochs = epochs, BatchSize = Math.Min(64, task.Pretraining.Count) };
        RePaViTModel model = new Trainer(architecture, recipe).Fit(task.Pretraining).Deploy();
        if (path is not null)
        {
            model.Save(path);
        }

        return model;
    }

    private static TransferRow Compare(TransferTask task, RePaViTModel pretrained, int images, ulong seed)
    {
        IImageDataset training = task.Draw(images, seed);
        var recipe = new TrainingRecipe { Seed = seed };
        Measured scratch = Measure(task, () => new Trainer(
            pretrained.Architecture with { Classes = task.Target.ClassNames.Count }, recipe).Fit(training).Deploy());
        Measured linear = Measure(task, () => Transfer(TransferMethod.Linear).Model);
        TransferResult? chosen = null;
        Measured auto = Measure(task, () => (chosen = Transfer(TransferMethod.Auto)).Model);
        TransferResult? tuned = null;
        Measured fineTune = Measure(task, () => (tuned = Transfer(TransferMethod.FineTune)).Model);
        return new TransferRow(
            training.Count, scratch, linear, auto, chosen!.Method, fineTune, tuned!.Method, chosen.Penalty, tuned.Reason);

        TransferResult Transfer(TransferMethod method)
            => new TransferLearning(pretrained, new TransferOptions { Method = method, Seed = seed }).Fit(training);
    }

    private static Measured Measure(TransferTask task, Func<RePaViTModel> learn)
    {
        var clock = Stopwatch.StartNew();
        RePaViTModel model = learn();
        double seconds = clock.Elapsed.TotalSeconds;
        return new Measured(model.Reparameterize().Evaluate(task.TargetTest).Accuracy, seconds);
    }

    private static void Print(TransferReport report)
    {
        Report.Text.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"pretrained: {report.PretrainedAccuracy:P1} of other classes; target: {string.Join(", ", report.Classes)}; seed {report.Seed}"));
        foreach (TransferRow row in report.Rows)
        {
            Report.Text.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.Images} images: from scratch {row.Scratch}, linear {row.Linear}, chosen {row.Auto} ({row.AutoMethod}), fine-tuning asked for {row.FineTune} ({row.FineTuneMethod})"));
        }
    }
}

/// <summary>Half of the classes to pretrain on, and the others to learn from few images.</summary>
internal sealed record TransferTask(IImageDataset Pretraining, IImageDataset PretrainingTest, IImageDataset Target, IImageDataset TargetTest)
{
    /// <summary>Every second class is a target: of CIFAR-10 automobile, cat, dog, horse and truck.</summary>
    public static TransferTask Create(IImageDataset training, IImageDataset test)
    {
        int[] all = [.. Enumerable.Range(0, training.ClassNames.Count)];
        int[] target = [.. all.Where(label => label % 2 == 1)];
        int[] others = [.. all.Except(target)];
        return new TransferTask(
            ClassSubset.Of(training, others), ClassSubset.Of(test, others), ClassSubset.Of(training, target), ClassSubset.Of(test, target));
    }

    /// <summary>Some images of the target classes, as many of each.</summary>
    public IImageDataset Draw(int images, ulong seed) => BalancedImages.Draw(Target, images, seed);
}

/// <summary>The images of some classes, which are all that there are.</summary>
internal sealed class ClassSubset(IImageDataset source, int[] classes, int[] indices) : IImageDataset
{
    public static ClassSubset Of(IImageDataset source, int[] classes) => new(
        source, classes, [.. Enumerable.Range(0, source.Count).Where(i => classes.Contains(source.GetLabel(i)))]);

    public IReadOnlyList<string> ClassNames { get; } = [.. classes.Select(label => source.ClassNames[label])];

    public int Count => indices.Length;

    public RgbImage GetImage(int index) => source.GetImage(indices[index]);

    public int GetLabel(int index) => Array.IndexOf(classes, source.GetLabel(indices[index]));
}

/// <summary>What a way of learning arrived at.</summary>
internal sealed record Measured(double Accuracy, double Seconds)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Accuracy:P1} in {Seconds:0.0} s");
}

/// <summary>All ways of learning from the same images.</summary>
internal sealed record TransferRow(
    int Images, Measured Scratch, Measured Linear, Measured Auto, TransferMethod AutoMethod,
    Measured FineTune, TransferMethod FineTuneMethod, double Penalty, string FineTuneReason);

/// <summary>What was measured.</summary>
internal sealed record TransferReport(ulong Seed, double PretrainedAccuracy, IReadOnlyList<string> Classes, IReadOnlyList<TransferRow> Rows);
