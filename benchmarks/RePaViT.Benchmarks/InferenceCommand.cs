using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RePaViT.Inference;
using RePaViT.Kernels;
using RePaViT.Networks;
using RePaViT.Randomness;
using RePaViT.Threading;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>inference</c>: images per second of a preset, beside what the machine's matrix products reach.</summary>
internal static class InferenceCommand
{
    // 4096 images of 224 pixels are 2.5 GB already.
    private const int MaxBatch = 4096;

    public static Command Create()
    {
        var batch = new Option<int>("--batch") { Description = "Images per call.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads that share a call.", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var seconds = new Option<double>("--seconds") { Description = "Time to measure for.", DefaultValueFactory = _ => 5 };
        var precision = new Option<InferencePrecision>("--precision")
        {
            Description = "full, or eightbit, which is measured in turns with full.", DefaultValueFactory = _ => InferencePrecision.Full,
        };
        var command = new Command("inference", "Measures images per second of a preset on this machine.")
        {
            batch, threads, seconds, precision,
        };
        var preset = new PresetOptions(command);
        command.SetAction(commandLine =>
        {
            (Architecture architecture, ExportForm form) = preset.Read(commandLine);
            InferenceReport report = Run(
                architecture,
                form,
                commandLine.GetValue(batch),
                commandLine.GetValue(threads),
                commandLine.GetValue(seconds),
                commandLine.GetValue(precision));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">The architecture or a number is not valid.</exception>
    /// <exception cref="NotSupportedException">This machine is not faster with that precision.</exception>
    public static InferenceReport Run(
        Architecture architecture, ExportForm form, int batch, int threads, double seconds, InferencePrecision precision)
    {
        ValidateBatch(batch);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(seconds);
        architecture.Validate();
        if (precision == InferencePrecision.BFloat16 || precision == InferencePrecision.EightBit && !QuantizedGemm.IsSupported)
        {
            throw new NotSupportedException($"--precision {precision} is not accepted: this machine computes in 32-bit floats then.");
        }

        Network network = PresetNetwork.Create(architecture, form);
        InferencePlan full = InferencePlan.Compile(network, threads);
        InferencePlan? rounded = precision == InferencePrecision.Full ? null : InferencePlan.Compile(network, threads, precision);
        float[] images = new float[batch * 3 * architecture.ImageSize * architecture.ImageSize];
        var random = new RandomStream(0, RandomPurpose.Initialization);
        foreach (ref float value in images.AsSpan())
        {
            value = (float)random.NextNormal();
        }

        float[] logits = new float[batch * architecture.Classes];
        var product = new MatrixProduct(network.Layers[^1].Input.Columns, threads);

        // In turns, so that all see the same machine whatever else it does.
        var clock = Stopwatch.StartNew();
        var forward = new Rate();
        var forwardRounded = new Rate();
        var gemm = new Rate();
        for (int turn = 0; turn <= Rate.WarmupRuns || clock.Elapsed.TotalSeconds < seconds; turn++)
        {
            forward.Time(() => full.Run(images, batch, logits));
            if (rounded is not null)
            {
                forwardRounded.Time(() => rounded.Run(images, batch, logits));
            }

            gemm.Time(product.Run);
        }

        double gflops = architecture.Cost(form == ExportForm.Deployed ? NetworkForm.Deployed : NetworkForm.Trained).MultiplyAdds * 2e-9;
        double imagesPerSecond = batch / (rounded is null ? forward : forwardRounded).MedianSeconds;
        double gemmRate = product.Flops * 1e-9 / gemm.MedianSeconds;
        return new InferenceReport(
            form, batch, threads, precision, imagesPerSecond, imagesPerSecond * gflops, gemmRate,
            imagesPerSecond * gflops / gemmRate, rounded is null ? null : forward.MedianSeconds / forwardRounded.MedianSeconds);
    }

    /// <exception cref="ArgumentException">It is no number of images for one call.</exception>
    public static void ValidateBatch(int batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch, MaxBatch);
    }

    private static void Print(InferenceReport report) => Report.Text.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{report.Form}, batch {report.Batch}, {report.Threads} threads: {report.ImagesPerSecond:0.0} images/s, {report.Gflops:0} GFLOP/s; matrix products alone reach {report.GemmGflops:0} GFLOP/s here, so {report.FractionOfGemm:P0} of it")
        + (report.FasterThanFull is double ratio ? string.Create(CultureInfo.InvariantCulture, $"; {ratio:0.00} times as fast as in full precision") : ""));

    /// <summary>A product of the shape that most of a network's work has, to know what the machine can do.</summary>
    private sealed class MatrixProduct
    {
        private const int Rows = 1576;

        private readonly Gemm _gemm;
        private readonly PackedMatrix _weight;
        private readonly PinnedBuffer _a;
        private readonly PinnedBuffer _c;
        private readonly int _dim;

        public MatrixProduct(int dim, int threads)
        {
            ThreadTeam team = ThreadTeam.Get(threads);
            _dim = dim;
            _gemm = new Gemm(team);
            _a = new PinnedBuffer((long)Rows * dim);
            _c = new PinnedBuffer((long)Rows * dim);
            _a.Span.Fill(0.5f);
            var weight = new PinnedBuffer((long)dim * dim);
            weight.Span.Fill(0.5f);
            _weight = PackedMatrix.OfLinearWeight(team, weight.AsMatrix(dim, dim));
        }

        public double Flops => 2.0 * Rows * _dim * _dim;

        public void Run()
        {
            _gemm.Multiply(_a.AsMatrix(Rows, _dim), _weight, _c.AsMatrix(Rows, _dim));
            GC.KeepAlive(this);
        }
    }
}

/// <summary>What was measured.</summary>
internal sealed record InferenceReport(
    ExportForm Form, int Batch, int Threads, InferencePrecision Precision, double ImagesPerSecond, double Gflops,
    double GemmGflops, double FractionOfGemm, double? FasterThanFull);
