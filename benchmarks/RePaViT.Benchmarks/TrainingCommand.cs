using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RePaViT.Objectives;
using RePaViT.Randomness;
using RePaViT.Training;
using RePaViT.Training.Managed;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>training</c>: images per second of training steps.</summary>
internal static class TrainingCommand
{
    public static Command Create()
    {
        var size = new Option<int>("--size") { Description = "Width and height of an image, in pixels.", DefaultValueFactory = _ => 32 };
        var patch = new Option<int>("--patch") { Description = "Width and height of a patch.", DefaultValueFactory = _ => 4 };
        var dim = new Option<int>("--dim") { Description = "Channels of a token.", DefaultValueFactory = _ => 192 };
        var depth = new Option<int>("--depth") { Description = "Number of blocks.", DefaultValueFactory = _ => 6 };
        var heads = new Option<int>("--heads") { Description = "Attention heads.", DefaultValueFactory = _ => 3 };
        var idleRatio = new Option<double?>("--idle-ratio")
        {
            Description = "Share of hidden channels that skip the activation, 0 to 1; leave it out for a vanilla network.",
        };
        var batch = new Option<int>("--batch") { Description = "Images per step.", DefaultValueFactory = _ => 128 };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads that share a step.", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var seconds = new Option<double>("--seconds") { Description = "Time to measure for.", DefaultValueFactory = _ => 10 };
        var command = new Command("training", "Measures images per second of training steps on this machine.")
        {
            size, patch, dim, depth, heads, idleRatio, batch, threads, seconds,
        };
        command.SetAction(commandLine =>
        {
            var architecture = new ViTArchitecture
            {
                ImageSize = commandLine.GetValue(size),
                PatchSize = commandLine.GetValue(patch),
                Dim = commandLine.GetValue(dim),
                Depth = commandLine.GetValue(depth),
                Heads = commandLine.GetValue(heads),
                Classes = 10,
                IdleRatio = commandLine.GetValue(idleRatio),
            };
            TrainingReport report = Run(
                architecture, commandLine.GetValue(batch), commandLine.GetValue(threads), commandLine.GetValue(seconds));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">The architecture or a number is not valid.</exception>
    public static TrainingReport Run(ViTArchitecture architecture, int batch, int threads, double seconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(seconds);
        var recipe = new TrainingRecipe { BatchSize = batch };
        recipe.Validate();
        architecture.Validate();
        using var engine = new ManagedTrainingEngine(architecture.CreateNetwork(seed: 0), new CrossEntropy(), recipe, threads);
        var data = new TrainingBatch(batch, 3 * architecture.ImageSize * architecture.ImageSize, architecture.Classes) { Count = batch };
        var random = new RandomStream(0, RandomPurpose.Initialization);
        foreach (ref float value in data.Images.AsSpan())
        {
            value = (float)random.NextNormal();
        }

        for (int image = 0; image < batch; image++)
        {
            data.Targets[image * architecture.Classes + image % architecture.Classes] = 1;
        }

        var rate = new Rate();
        var clock = Stopwatch.StartNew();
        for (int step = 0; step <= Rate.WarmupRuns || clock.Elapsed.TotalSeconds < seconds; step++)
        {
            int key = step;
            rate.Time(() =>
            {
                engine.Accumulate(data, scale: 1, key);
                engine.Update(learningRate: 1e-4);
            });
        }

        return new TrainingReport(architecture.IdleRatio, batch, threads, batch / rate.MedianSeconds);
    }

    private static void Print(TrainingReport report) => Report.Text.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{(report.IdleRatio is null ? "vanilla" : $"idle ratio {report.IdleRatio:0.00}")}, batch {report.Batch}, {report.Threads} threads: {report.ImagesPerSecond:0} images/s"));
}

/// <summary>What was measured.</summary>
internal sealed record TrainingReport(double? IdleRatio, int Batch, int Threads, double ImagesPerSecond);
