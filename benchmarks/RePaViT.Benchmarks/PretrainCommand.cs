using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RePaViT.Networks;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>pretrain</c>: what images without labels are worth for learning from a few with labels.</summary>
internal static class PretrainCommand
{
    private const int DefaultDepth = 4;

    public static Command Create()
    {
        var cifar = new Option<string>("--cifar10") { Description = "A folder with CIFAR-10, binary version.", Required = true };
        var unlabeled = new Option<int?>("--unlabeled") { Description = "Images without labels, the first ones. Default: all." };
        var labeled = new Option<int>("--labeled") { Description = "Images with labels, as many of each class.", DefaultValueFactory = _ => 300 };
        var seeds = new Option<int>("--seeds") { Description = "Runs, each with images and weights of its own.", DefaultValueFactory = _ => 3 };
        var firstSeed = new Option<ulong>("--first-seed") { Description = "The seed of the first run; those of the others follow." };
        var threads = new Option<int?>("--threads") { Description = "Threads that share a step. Default: one per core." };
        var epochs = new Option<int?>("--epochs") { Description = "How often pretraining sees each image. Default: as the library chooses." };
        var batch = new Option<int?>("--batch") { Description = "Images of a step of pretraining. Default: as the library chooses." };
        var rate = new Option<double>("--rate") { Description = "Learning rate of pretraining.", DefaultValueFactory = _ => new SelfDistillation().LearningRate };
        var crops = new Option<int>("--local-crops") { Description = "Small crops of an image.", DefaultValueFactory = _ => new SelfDistillation().LocalCrops };
        var command = new Command("pretrain", "Measures pretraining without labels, before training with a few, against training from random weights.")
        {
            cifar, unlabeled, labeled, seeds, firstSeed, threads, epochs, batch, rate, crops,
        };
        var network = new SmallNetworkOptions(command, DefaultDepth);
        command.SetAction(commandLine =>
        {
            string folder = commandLine.GetRequiredValue(cifar);
            InMemoryImageDataset training = CifarDataset.ReadCifar10(folder, DatasetPart.Train);
            PretrainReport report = Run(
                network.Read(commandLine, imageSize: 32) with { Classes = training.ClassNames.Count },
                new PretrainImages(
                    FirstImages.Of(training, commandLine.GetValue(unlabeled)), training, CifarDataset.ReadCifar10(folder, DatasetPart.Test)),
                commandLine.GetValue(labeled),
                [.. Enumerable.Range(0, commandLine.GetValue(seeds)).Select(run => commandLine.GetValue(firstSeed) + (ulong)run)],
                new TrainerOptions { Threads = commandLine.GetValue(threads) },
                new SelfDistillation
                {
                    Epochs = commandLine.GetValue(epochs),
                    BatchSize = commandLine.GetValue(batch),
                    LearningRate = commandLine.GetValue(rate),
                    LocalCrops = commandLine.GetValue(crops),
                },
                row => Report.Text.WriteLine(row.ToString()));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <param name="network">What is trained, with the classes of the labeled images.</param>
    /// <param name="images">What it learns from, and what it is tested on.</param>
    /// <param name="labeled">Images with labels.</param>
    /// <param name="seeds">One for each run.</param>
    /// <param name="run">Threads to use.</param>
    /// <param name="options">How to pretrain.</param>
    /// <param name="report">Called after each run.</param>
    /// <exception cref="ArgumentException">A number is not valid.</exception>
    public static PretrainReport Run(
        Architecture network, PretrainImages images, int labeled, IReadOnlyList<ulong> seeds, TrainerOptions run, SelfDistillation options,
        Action<PretrainRow> report)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds.Count, 1, nameof(seeds));
        var rows = new List<PretrainRow>();
        foreach (ulong seed in seeds)
        {
            rows.Add(Compare(network, images, labeled, seed, run, options));
            report(rows[^1]);
        }

        return new PretrainReport(images.Unlabeled.Count, rows);
    }

    private static PretrainRow Compare(Architecture network, PretrainImages images, int labeled, ulong seed, TrainerOptions run, SelfDistillation options)
    {
        IImageDataset some = BalancedImages.Draw(images.Labeled, labeled, seed);
        var trainer = new Trainer(network, new TrainingRecipe { Seed = seed }, run);
        Measured scratch = Measure(() => trainer.Fit(some).Deploy());
        NamedTensors random = WeightInitializer.Create(network.Layers(NetworkForm.Trained), seed);
        Measured untrained = Measure(() => Transfer(new RePaViTModel(network, NetworkForm.Trained, random, some.ClassNames), TransferMethod.Linear));

        var clock = Stopwatch.StartNew();
        TrainingResult pretraining = trainer.Pretrain(images.Unlabeled, options);
        double seconds = clock.Elapsed.TotalSeconds;
        EpochSummary last = pretraining.History[^1];

        RePaViTModel features = pretraining.Model;
        double neighbors = NearestNeighbors.Fit(features, some).Evaluate(images.Test);
        Measured linear = Measure(() => Transfer(features, TransferMethod.Linear));
        Measured tuned = Measure(() => Transfer(features, TransferMethod.Auto));
        Measured pretrained = Measure(() => new Trainer(network, new TrainingRecipe { Seed = seed }, run) { InitialModel = features }.Fit(some).Deploy());
        return new PretrainRow(seed, some.Count, seconds, last.TrainingLoss, last.TrainingAccuracy, scratch, untrained, pretrained, neighbors, linear, tuned);

        RePaViTModel Transfer(RePaViTModel model, TransferMethod method)
            => new TransferLearning(model, new TransferOptions { Method = method, Seed = seed }).Fit(some).Model;

        Measured Measure(Func<RePaViTModel> learn)
        {
            var clock = Stopwatch.StartNew();
            RePaViTModel model = learn();
            return new Measured(model.Reparameterize().Evaluate(images.Test).Accuracy, clock.Elapsed.TotalSeconds);
        }
    }

    private static void Print(PretrainReport report)
    {
        Report.Text.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.UnlabeledImages} images without labels, {report.Rows[0].LabeledImages} with, {report.Rows.Count} seeds: from random weights {report.Mean(row => row.Scratch.Accuracy):P1}, "
            + $"pretrained {report.Mean(row => row.Pretrained.Accuracy):P1}; on fixed features: neighbors {report.Mean(row => row.Neighbors):P1}, "
            + $"linear {report.Mean(row => row.Linear.Accuracy):P1} (of random weights {report.Mean(row => row.Untrained.Accuracy):P1}); transfer {report.Mean(row => row.Transfer.Accuracy):P1}"));
    }
}

/// <summary>What is learned from without labels, what has labels, and what is tested on.</summary>
internal sealed record PretrainImages(IImageDataset Unlabeled, IImageDataset Labeled, IImageDataset Test);

/// <summary>One run.</summary>
internal sealed record PretrainRow(
    ulong Seed, int LabeledImages, double PretrainingSeconds, double Loss, double Agreement,
    Measured Scratch, Measured Untrained, Measured Pretrained, double Neighbors, Measured Linear, Measured Transfer)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {Seed}: pretrained in {PretrainingSeconds:0} s, loss {Loss:0.000}, agreement {Agreement:P0}; {LabeledImages} labeled images: from random weights {Scratch} (linear {Untrained}), "
        + $"pretrained {Pretrained}, neighbors {Neighbors:P1}, linear {Linear}, transfer {Transfer}");
}

/// <summary>All runs.</summary>
internal sealed record PretrainReport(int UnlabeledImages, IReadOnlyList<PretrainRow> Rows)
{
    public double Mean(Func<PretrainRow, double> value) => Rows.Average(value);
}
