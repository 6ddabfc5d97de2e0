using System.CommandLine;
using System.Globalization;
using RePaViT.Architectures;
using RePaViT.Benchmarks.Profiling;
using RePaViT.Benchmarks.Reference;
using RePaViT.Inference;
using RePaViT.Reparameterization;
using RePaViT.Training;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>profile</c>: where the time of a preset goes on this machine.</summary>
internal static class ProfileCommand
{
    public static Command Create()
    {
        var batch = new Option<int>("--batch") { Description = "Images per call.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int>("--threads")
        {
            Description = "Threads that share a call.", DefaultValueFactory = _ => Environment.ProcessorCount,
        };
        var turns = new Option<int>("--turns") { Description = "Turns of each part, of which the median counts.", DefaultValueFactory = _ => 15 };
        var seconds = new Option<double>("--seconds") { Description = "How long a turn takes, about.", DefaultValueFactory = _ => 0.05 };
        var command = new Command("profile", "Measures the parts of a deployed or vanilla preset by themselves, beside the whole.")
        {
            batch, threads, turns, seconds,
        };
        var preset = new PresetOptions(command);
        command.SetAction(commandLine =>
        {
            (ViTArchitecture architecture, ExportForm form) = preset.Read(commandLine);
            ProfileReport report = Run(
                architecture,
                form,
                commandLine.GetValue(batch),
                commandLine.GetValue(threads),
                commandLine.GetValue(turns),
                commandLine.GetValue(seconds));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <exception cref="ArgumentException">The architecture, its form or a number is not accepted.</exception>
    public static ProfileReport Run(
        ViTArchitecture architecture, ExportForm form, int batch, int threads, int turns, double seconds)
    {
        InferenceCommand.ValidateBatch(batch);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        if (form == ExportForm.Trained)
        {
            throw new ArgumentException("--form trained is not accepted: deployed and vanilla networks have a profile.");
        }

        IReadOnlyList<Layer> layers = architecture.Layers(NetworkForm.Trained);
        var network = new Network(layers, WeightInitializer.Create(layers, seed: 0));
        network = form == ExportForm.Deployed ? Reparameterizer.Merge(network) : network;
        var plan = InferencePlan.Compile(network, threads);
        float[] images = new float[batch * 3 * architecture.ImageSize * architecture.ImageSize];
        float[] logits = new float[batch * architecture.Classes];
        IReadOnlyList<NetworkPart> parts = new NetworkParts(network, architecture, batch, threads).Parts;
        List<Action<int>> contenders = [Repeat(() => plan.Run(images, batch, logits)), .. parts.Select(part => Repeat(part.Run))];
        double[] times = Turns.MedianSeconds(contenders, turns, seconds);
        double whole = times[0];
        return new ProfileReport(
            form,
            batch,
            threads,
            batch / whole,
            [
                .. parts.Zip(times.Skip(1), (part, time) => new ProfiledPart(
                    part.Name, 1e3 * time, time / whole, part.MultiplyAdds == 0 ? null : 2e-9 * part.MultiplyAdds / time)),
            ]);
    }

    private static Action<int> Repeat(Action action) => calls =>
    {
        for (int call = 0; call < calls; call++)
        {
            action();
        }
    };

    private static void Print(ProfileReport report)
    {
        Table table = new Table { Border = TableBorder.Simple }.AddColumn("Part");
        foreach (string column in new[] { "ms", "of the whole", "GFLOP/s" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (ProfiledPart part in report.Parts)
        {
            table.AddRow(
                Markup.Escape(part.Name),
                part.Milliseconds.ToString("0.00", CultureInfo.InvariantCulture),
                part.Share.ToString("P1", CultureInfo.InvariantCulture),
                part.Gflops?.ToString("0", CultureInfo.InvariantCulture) ?? "");
        }

        Report.Text.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Form}, batch {report.Batch}, {report.Threads} threads: {report.ImagesPerSecond:0.0} images/s; the parts add up to {report.Parts.Sum(part => part.Share):P0} of it"));
        Report.Text.Write(table);
    }
}

/// <summary>What was measured.</summary>
internal sealed record ProfileReport(
    ExportForm Form, int Batch, int Threads, double ImagesPerSecond, IReadOnlyList<ProfiledPart> Parts);

/// <summary>A part by itself; together they may take more or less than the whole, in which caches hold something else.</summary>
internal sealed record ProfiledPart(string Name, double Milliseconds, double Share, double? Gflops);
