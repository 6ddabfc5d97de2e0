using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RePaViT.Randomness;
using RePaViT.Training;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>pipeline</c>: images per second of the input pipeline alone, from images in memory to batches.</summary>
internal static class PipelineCommand
{
    private const int Images = 64;
    private const int Classes = 1000;

    public static Command Create()
    {
        var size = new Option<int>("--size") { Description = "Width and height of the network's input.", DefaultValueFactory = _ => 224 };
        var width = new Option<int>("--width") { Description = "Width of the images in memory.", DefaultValueFactory = _ => 500 };
        var height = new Option<int>("--height") { Description = "Height of the images in memory.", DefaultValueFactory = _ => 375 };
        var batch = new Option<int>("--batch") { Description = "Images in a batch.", DefaultValueFactory = _ => 64 };
        var seconds = new Option<double>("--seconds") { Description = "Time to measure for.", DefaultValueFactory = _ => 20 };
        var command = new Command("pipeline", "Measures images per second of the input pipeline with DeiT's augmentation.")
        {
            size, width, height, batch, seconds,
        };
        command.SetAction(commandLine =>
        {
            PipelineReport report = Run(
                commandLine.GetValue(size),
                commandLine.GetValue(width),
                commandLine.GetValue(height),
                commandLine.GetValue(batch),
                commandLine.GetValue(seconds));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">A number is not valid.</exception>
    public static PipelineReport Run(int size, int width, int height, int batch, double seconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(seconds);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        var dataset = new InMemoryImageDataset(
            Enumerable.Range(0, Math.Max(Images, batch)).Select(seed => Noise(width, height, seed)),
            Enumerable.Range(0, Math.Max(Images, batch)).Select(i => i % Classes),
            Enumerable.Range(0, Classes).Select(i => $"class {i}"));

        // Each does what the one before does and one thing more, so the differences are the shares. They take turns, so that
        // all see the same machine whatever else it does.
        AugmentationOptions full = AugmentationOptions.DeiT;
        AugmentationOptions unmixed = full with { MixupAlpha = 0, CutmixAlpha = 0 };
        AugmentationOptions unerased = unmixed with { RandomErasing = 0 };
        AugmentationOptions cropped = unerased with { RandAugment = null };
        Stage[] stages =
        [
            Stage.Of("crop, flip, normalize", cropped, dataset, size, batch),
            Stage.Of("RandAugment", unerased, dataset, size, batch),
            Stage.Of("random erasing", unmixed, dataset, size, batch),
            Stage.Of("mixup and cutmix", full, dataset, size, batch),
        ];
        var clock = Stopwatch.StartNew();
        for (int epoch = 0; epoch <= Rate.WarmupRuns || clock.Elapsed.TotalSeconds < seconds; epoch++)
        {
            foreach (Stage stage in stages)
            {
                int key = epoch;
                stage.Rate.Time(() => stage.Pipeline.Fill(key, 0, stage.Batch));
            }
        }

        double total = stages[^1].Rate.MedianSeconds;
        var shares = new List<StageShare>();
        double before = 0;
        foreach (Stage stage in stages)
        {
            shares.Add(new StageShare(stage.Name, (stage.Rate.MedianSeconds - before) / total));
            before = stage.Rate.MedianSeconds;
        }

        return new PipelineReport(size, width, height, batch, Environment.ProcessorCount, batch / total, shares);
    }

    private static RgbImage Noise(int width, int height, int seed)
    {
        byte[] pixels = new byte[3 * width * height];
        var random = new RandomStream((ulong)seed, RandomPurpose.Initialization);
        foreach (ref byte sample in pixels.AsSpan())
        {
            sample = (byte)random.NextInt32(256);
        }

        return new RgbImage(width, height, pixels);
    }

    private static void Print(PipelineReport report)
    {
        Report.Text.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Width} x {report.Height} to {report.Size} x {report.Size}, batch {report.Batch}, {report.Cores} cores: {report.ImagesPerSecond:0} images/s"));
        foreach (StageShare stage in report.Stages)
        {
            Report.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {stage.Share,6:P1}  {stage.Name}"));
        }
    }

    /// <summary>A pipeline that ends with this stage, and how fast it is.</summary>
    private sealed record Stage(string Name, BatchPipeline Pipeline, TrainingBatch Batch, Rate Rate)
    {
        public static Stage Of(string name, AugmentationOptions options, IImageDataset dataset, int size, int batch)
        {
            var pipeline = new BatchPipeline(
                dataset, new ImagePreprocessing(), options, labelSmoothing: 0.1, size, Classes, batch, seed: 0);
            return new Stage(name, pipeline, pipeline.CreateBatch(), new Rate());
        }
    }
}

/// <summary>What was measured.</summary>
internal sealed record PipelineReport(
    int Size, int Width, int Height, int Batch, int Cores, double ImagesPerSecond, IReadOnlyList<StageShare> Stages);

/// <summary>What part of the time a stage takes; one that is lost in the noise may come out a little below 0.</summary>
internal sealed record StageShare(string Name, double Share);
