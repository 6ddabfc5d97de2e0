using System.CommandLine;
using System.Globalization;
using RePaViT.Benchmarks.Engines;
using RePaViT.Benchmarks.Reference;
using RePaViT.Training;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>reference</c>: images per second beside the reference implementation, in turns on one device.</summary>
internal static class ReferenceCommand
{
    // RePaViT, table 1: the idle ratios, and the images/s of the deployed network over those of the vanilla one, forward,
    // at 224 pixels and batch 128 on an NVIDIA A6000.
    private static readonly Dictionary<string, (double IdleRatio, double Speedup)> Paper = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Tiny"] = (0.5, 4001.2 / 3435.1),
        ["Small"] = (0.5, 1734.7 / 1410.3),
        ["Base"] = (0.75, 660.3 / 418.5),
        ["Large"] = (0.75, 207.2 / 124.2),
        ["Huge"] = (0.75, 103.8 / 61.5),
        ["Swin-Tiny"] = (0.75, 1.27),
        ["Swin-Small"] = (0.75, 1.33),
        ["Swin-Base"] = (0.75, 1.43),
        ["LV-ViT-S"] = (2.0 / 3, 1.28),
        ["LV-ViT-M"] = (2.0 / 3, 1.40),
    };

    public static Command Create()
    {
        var task = new Option<BenchmarkTask>("--task") { Description = "inference or training." };
        var presets = new Option<string[]>("--presets")
        {
            Description = $"Some of {string.Join(", ", Paper.Keys)}; all of these without it.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [.. Paper.Keys],
        };
        var batch = new Option<int>("--batch") { Description = "Images per call.", DefaultValueFactory = _ => 128 };
        var imageSize = new Option<int>("--image-size") { Description = "In pixels.", DefaultValueFactory = _ => 224 };
        var turns = new Option<int>("--turns") { Description = "Turns of each, of which the median counts.", DefaultValueFactory = _ => 7 };
        var seconds = new Option<double>("--seconds") { Description = "How long a turn takes, about.", DefaultValueFactory = _ => 0.5 };
        var repository = new Option<string?>("--repository")
        {
            Description = "A folder with the repository Ackesnal/RePaViT; without it, only this library is measured.",
        };
        var python = new Option<string>("--python")
        {
            Description = "The interpreter for it, with PyTorch, timm and einops.", DefaultValueFactory = _ => "python3",
        };
        var command = new Command("reference", "Measures vanilla and channel-idle networks beside the reference implementation.")
        {
            task, presets, batch, imageSize, turns, seconds, repository, python,
        };
        var engine = new EngineOptions(command);
        command.SetAction(commandLine =>
        {
            EngineChoice choice = engine.Read(commandLine);
            Workload[] workloads =
            [
                .. commandLine.GetRequiredValue(presets).Select(preset => CreateWorkload(
                    commandLine.GetValue(task), preset, commandLine.GetValue(batch), commandLine.GetValue(imageSize), choice)),
            ];
            string? folder = commandLine.GetValue(repository);
            ReferenceReport report = Run(
                workloads,
                commandLine.GetValue(turns),
                commandLine.GetValue(seconds),
                folder is null ? null : work => new ReferenceProcess(commandLine.GetRequiredValue(python), folder, work));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">There is no such preset, or a number is not accepted.</exception>
    public static Workload CreateWorkload(BenchmarkTask task, string preset, int batch, int imageSize, EngineChoice engine)
    {
        // Batch normalization needs two, and 4096 images of 224 pixels are 2.5 GB already.
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch, 4096);
        Architecture architecture = Architecture.Preset(preset) with { ImageSize = imageSize };
        architecture.Validate();
        return new Workload(task, preset, Paper[preset].IdleRatio, batch, imageSize, engine);
    }

    /// <param name="workloads">What to measure; all on one engine.</param>
    /// <param name="turns">Turns that count.</param>
    /// <param name="seconds">How long a turn takes, about.</param>
    /// <param name="startReference">Starts the reference implementation; null to do without.</param>
    public static ReferenceReport Run(
        IReadOnlyList<Workload> workloads, int turns, double seconds, Func<Workload, ReferenceProcess>? startReference)
    {
        IBenchmarkEngine engine = workloads[0].Engine.Create();
        string? description = null;
        var rows = new List<ReferenceRow>();
        foreach (Workload work in workloads)
        {
            using ReferenceProcess? reference = startReference?.Invoke(work);
            description ??= reference?.Description;
            rows.Add(Measure(engine, work, turns, seconds, reference));
        }

        Workload first = workloads[0];
        return new ReferenceReport(first.Task, engine.Description, description, first.Batch, first.ImageSize, rows);
    }

    private static ReferenceRow Measure(
        IBenchmarkEngine engine, Workload work, int turns, double seconds, ReferenceProcess? reference)
    {
        TrainingBatch batch = work.CreateBatch();
        using var vanilla = new OurNetwork(engine, work, ExportForm.Vanilla, batch);
        using var idle = new OurNetwork(engine, work, work.IdleForm, batch);
        List<Action<int>> contenders = [vanilla.Run, idle.Run];
        if (reference is not null)
        {
            contenders.Add(calls => reference.Run(ExportForm.Vanilla, calls));
            contenders.Add(calls => reference.Run(work.IdleForm, calls));
        }

        double[] rates = [.. Turns.MedianSeconds(contenders, turns, seconds).Select(call => work.Batch / call)];
        return new ReferenceRow(
            work.Preset,
            work.IdleRatio,
            new Rates(rates[0], rates[1]),
            reference is null ? null : new Rates(rates[2], rates[3]),
            work is { Task: BenchmarkTask.Inference, Batch: 128, ImageSize: 224 } ? Paper[work.Preset].Speedup : null);
    }

    private static void Print(ReferenceReport report)
    {
        Table table = new Table { Border = TableBorder.Simple }.AddColumn("Preset");
        foreach (string column in new[]
        {
            "Idle\nratio", "Images/s\nvanilla", "of ours\nidle", "\nspeed-up", "Images/s of\nvanilla", "the reference\nidle",
            "\nspeed-up", "Ours /\nvanilla", "reference\nidle", "Speed-up\nin the paper",
        })
        {
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        }

        foreach (ReferenceRow row in report.Rows)
        {
            table.AddRow(
                row.Preset,
                Number(row.IdleRatio),
                Number(row.Ours.Vanilla),
                Number(row.Ours.Idle),
                Number(row.Ours.Speedup),
                Number(row.Reference?.Vanilla),
                Number(row.Reference?.Idle),
                Number(row.Reference?.Speedup),
                Number(row.Ours.Vanilla / row.Reference?.Vanilla),
                Number(row.Ours.Idle / row.Reference?.Idle),
                Number(row.PaperSpeedup));
        }

        Report.Text.WriteLine($"{report.Task}, batch {report.Batch}, {report.ImageSize} pixels");
        Report.Text.WriteLine($"Ours: {report.Engine}");
        Report.Text.WriteLine($"Reference: {report.Reference ?? "not measured"}");
        Report.Text.Write(table);
    }

    private static string Number(double? value)
        => value?.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture) ?? "";
}

/// <summary>What was measured, and with what.</summary>
internal sealed record ReferenceReport(
    BenchmarkTask Task, string Engine, string? Reference, int Batch, int ImageSize, IReadOnlyList<ReferenceRow> Rows);

/// <summary>One preset.</summary>
internal sealed record ReferenceRow(string Preset, double IdleRatio, Rates Ours, Rates? Reference, double? PaperSpeedup);

/// <summary>Images per second of a vanilla network and of its channel-idle counterpart.</summary>
internal sealed record Rates(double Vanilla, double Idle)
{
    public double Speedup => Idle / Vanilla;
}
