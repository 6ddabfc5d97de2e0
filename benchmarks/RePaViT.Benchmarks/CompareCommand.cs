using System.CommandLine;
using System.Globalization;
using RePaViT.Benchmarks.Comparison;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>compare</c>: this library and ONNX Runtime, in turns on the same files.</summary>
internal static class CompareCommand
{
    public static Command Create()
    {
        var presets = new Option<string[]>("--presets")
        {
            Description = $"Some of {PresetOptions.Names}.",
            DefaultValueFactory = _ => ["Tiny", "Small", "Base"],
            AllowMultipleArgumentsPerToken = true,
        };
        var batches = new Option<int[]>("--batches")
        {
            Description = "Images per call.", DefaultValueFactory = _ => [1, 8], AllowMultipleArgumentsPerToken = true,
        };
        Option<double?> idleRatio = PresetOptions.CreateIdleRatio();
        var vanilla = new Option<bool>("--vanilla") { Description = "Measure the vanilla networks of the same sizes, too." };
        var threads = new Option<int>("--threads") { Description = "Threads of each engine.", DefaultValueFactory = _ => 2 };
        var starts = new Option<int>("--starts") { Description = "How often both are started.", DefaultValueFactory = _ => 3 };
        var rounds = new Option<int>("--rounds") { Description = "Rounds after each start.", DefaultValueFactory = _ => 5 };
        var seconds = new Option<double>("--seconds") { Description = "Length of a round.", DefaultValueFactory = _ => 1 };
        var peers = new Option<string>("--peers")
        {
            Description = "The folder with the peer's script.",
            DefaultValueFactory = _ => Path.Combine("benchmarks", "peers"),
        };
        var node = new Option<string>("--node") { Description = "The Node.js program, 20 or later.", DefaultValueFactory = _ => "node" };
        var command = new Command("compare", "Measures this library and ONNX Runtime in turns on the same deployed models.")
        {
            presets, batches, idleRatio, vanilla, threads, starts, rounds, seconds, peers, node,
        };
        command.SetAction(commandLine =>
        {
            CompareReport report = Run(
                commandLine.GetRequiredValue(presets),
                commandLine.GetRequiredValue(batches),
                commandLine.GetValue(idleRatio),
                commandLine.GetValue(vanilla),
                commandLine.GetValue(threads),
                new MeasuringPlan(commandLine.GetValue(starts), commandLine.GetValue(rounds), commandLine.GetValue(seconds)),
                commandLine.GetRequiredValue(peers),
                commandLine.GetRequiredValue(node));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">A preset or a number is not valid.</exception>
    /// <exception cref="InvalidDataException">The engines' logits differ.</exception>
    /// <exception cref="IOException">The peer is not installed, or an engine ended; the message says what to do.</exception>
    public static CompareReport Run(
        IReadOnlyList<string> presets, IReadOnlyList<int> batches, double? idleRatio, bool vanilla, int threads, MeasuringPlan plan,
        string peersFolder, string node)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        plan.Validate();
        if (presets.Count == 0 || batches.Count == 0)
        {
            throw new ArgumentException("Name at least one preset and one batch.");
        }

        foreach (int batch in batches)
        {
            InferenceCommand.ValidateBatch(batch);
        }

        List<(string Name, Architecture Architecture)> models =
            [.. presets.Select(name => (name, PresetOptions.Preset(name, idleRatio)))];
        models.ForEach(model => model.Architecture.Validate());
        string script = FindScript(peersFolder);

        var rows = new List<ComparedModel>();
        string folder = Directory.CreateTempSubdirectory("repavit-compare-").FullName;
        try
        {
            string file = Path.Combine(folder, "model.onnx");
            string vanillaFile = Path.Combine(folder, "vanilla.onnx");
            foreach ((string name, Architecture architecture) in models)
            {
                ExportCommand.Run(architecture, ExportForm.Deployed, file, weightsFile: null);
                if (vanilla)
                {
                    ExportCommand.Run(architecture with { IdleRatio = null }, ExportForm.Vanilla, vanillaFile, weightsFile: null);
                }

                foreach (int batch in batches)
                {
                    string[] options = ["--threads", Invariant($"{threads}"), "--batch", Invariant($"{batch}")];
                    rows.Add(SideBySide.Measure(
                        name,
                        batch,
                        () => StartOurs([file, .. options]),
                        () => EngineProcess.Start("ONNX Runtime", node, [script, file, .. options]),
                        plan,
                        vanilla ? () => StartOurs([vanillaFile, .. options]) : null));
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return new CompareReport(threads, rows, Math.Exp(rows.Average(row => Math.Log(row.Ratio))));
    }

    private static string FindScript(string peersFolder)
    {
        string script = Path.Combine(peersFolder, "onnxruntime.mjs");
        if (!File.Exists(script))
        {
            throw new FileNotFoundException(
                $"There is no {script}; run this in the root of the repository, or name the folder with --peers.", script);
        }

        return Directory.Exists(Path.Combine(peersFolder, "node_modules", "onnxruntime-node"))
            ? script
            : throw new DirectoryNotFoundException(
                $"ONNX Runtime is not installed: run 'npm install --ignore-scripts' in {peersFolder}.");
    }

    // This program again; where 'dotnet' hosts it, with the assembly as the first argument.
    private static EngineProcess StartOurs(string[] arguments)
    {
        string program = Environment.ProcessPath!;
        bool hosted = Path.GetFileNameWithoutExtension(program) == "dotnet";
        string[] verb = hosted ? [typeof(CompareCommand).Assembly.Location, LibraryEngine.Verb] : [LibraryEngine.Verb];
        return EngineProcess.Start("RePaViT", program, [.. verb, .. arguments]);
    }

    private static void Print(CompareReport report)
    {
        EngineSpeed ours = report.Models[0].Ours;
        EngineSpeed peer = report.Models[0].Peer;
        Table table = new Table().RoundedBorder().AddColumn("model");
        foreach (string column in (string[])
            ["batch", "images/s", "peer's", "ratio", "vanilla's", "ratio", "first prediction", "peer's", "peak MB", "peer's", "logits differ by"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (ComparedModel row in report.Models)
        {
            table.AddRow(
                row.Model,
                Invariant($"{row.Batch}"),
                Invariant($"{row.Ours.ImagesPerSecond:0.0}"),
                Invariant($"{row.Peer.ImagesPerSecond:0.0}"),
                Invariant($"{row.Ratio:0.00}"),
                row.Vanilla is EngineSpeed vanilla ? Invariant($"{vanilla.ImagesPerSecond:0.0}") : "",
                row.Speedup is double speedup ? Invariant($"{speedup:0.00}") : "",
                Invariant($"{row.Ours.FirstPredictionSeconds * 1000:0} ms"),
                Invariant($"{row.Peer.FirstPredictionSeconds * 1000:0} ms"),
                Invariant($"{row.Ours.PeakMegabytes:0}"),
                Invariant($"{row.Peer.PeakMegabytes:0}"),
                Invariant($"{row.LogitDifference:0.0e-0}"));
        }

        Report.Text.WriteLine(Invariant($"{ours.Engine} and its peer {peer.Engine}, {report.Threads} threads"));
        Report.Text.Write(table);
        Report.Text.WriteLine(Invariant($"Geometric mean of the ratios: {report.GeometricMean:0.00}"));
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What was measured.</summary>
/// <param name="Threads">Of each engine.</param>
/// <param name="Models">A row for each model and batch.</param>
/// <param name="GeometricMean">Of the ratios.</param>
internal sealed record CompareReport(int Threads, IReadOnlyList<ComparedModel> Models, double GeometricMean);
