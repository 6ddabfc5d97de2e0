using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RePaViT.QuickStart;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>convert-preset</c>: how long the conversion of a vanilla preset takes, and what memory.</summary>
internal static class ConvertPresetCommand
{
    public static Command Create()
    {
        var preset = new Option<string>("--preset") { Description = $"One of {PresetOptions.Names}.", Required = true };
        Option<double?> idleRatio = PresetOptions.CreateIdleRatio();
        var images = new Option<int>("--images") { Description = "Calibration images.", DefaultValueFactory = _ => 512 };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads that share the work.", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var command = new Command("convert-preset", "Measures the conversion of a preset with random weights.") { preset, idleRatio, images, threads };
        command.SetAction(commandLine =>
        {
            ConvertPresetReport report = Run(
                PresetOptions.Preset(commandLine.GetRequiredValue(preset), commandLine.GetValue(idleRatio)),
                commandLine.GetValue(images),
                commandLine.GetValue(threads));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">The architecture or a number is not valid.</exception>
    public static ConvertPresetReport Run(Architecture architecture, int images, int threads)
    {
        if (architecture.IdleRatio is not double ratio)
        {
            throw new ArgumentException("An idle ratio is needed.", nameof(architecture));
        }

        Architecture vanilla = architecture with { IdleRatio = null };
        var model = new RePaViTModel(
            vanilla, NetworkForm.Trained, vanilla.CreateNetwork(seed: 0).Weights, [.. Enumerable.Range(0, vanilla.Classes).Select(i => $"class {i}")]);
        InMemoryImageDataset shapes = ShapesDataset.Create(images, vanilla.ImageSize, seed: 0);
        var clock = Stopwatch.StartNew();
        ConversionReport report = model.ToChannelIdle(
            shapes, new ConversionOptions { IdleRatio = ratio, Images = images, Threads = threads }, new Blocks()).Report;
        double seconds = clock.Elapsed.TotalSeconds;
        return new ConvertPresetReport(
            ratio, images, threads, seconds, Process.GetCurrentProcess().PeakWorkingSet64, report.CostBefore.MultiplyAdds, report.CostAfter.MultiplyAdds,
            report.ImagesPerSecondBefore, report.ImagesPerSecondAfter);
    }

    private static void Print(ConvertPresetReport report) => Report.Text.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Images} images, idle ratio {report.IdleRatio}, {report.Threads} threads: {report.Seconds:0} s, peak memory {report.PeakBytes / 1e9:0.0} GB; {report.ImagesPerSecondBefore:0.0} to {report.ImagesPerSecondAfter:0.0} images/s"));

    private sealed class Blocks : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => Console.Error.WriteLine(value);
    }
}

/// <summary>What was measured.</summary>
internal sealed record ConvertPresetReport(
    double IdleRatio, int Images, int Threads, double Seconds, long PeakBytes, long MultiplyAddsBefore, long MultiplyAddsAfter,
    double ImagesPerSecondBefore, double ImagesPerSecondAfter);
