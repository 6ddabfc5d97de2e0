using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using RePaViT.Benchmarks.Reference;
using RePaViT.Inference;
using RePaViT.Networks;
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
        var turns = new Option<int>("--turns") { Description = "Turns, of which the median counts.", DefaultValueFactory = _ => 15 };
        var seconds = new Option<double>("--seconds") { Description = "How long a turn takes, about.", DefaultValueFactory = _ => 0.05 };
        var command = new Command("profile", "Measures the steps of a preset.")
        {
            batch, threads, turns, seconds,
        };
        var preset = new PresetOptions(command);
        command.SetAction(commandLine =>
        {
            (Architecture architecture, ExportForm form) = preset.Read(commandLine);
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
        Architecture architecture, ExportForm form, int batch, int threads, int turns, double seconds)
    {
        InferenceCommand.ValidateBatch(batch);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(turns, 1);
        Network network = PresetNetwork.Create(architecture, form);
        var plan = InferencePlan.Compile(network, threads);
        float[] images = new float[batch * 3 * architecture.ImageSize * architecture.ImageSize];
        float[] logits = new float[batch * architecture.Classes];
        double whole = Turns.MedianSeconds([calls => Repeat(calls, () => plan.Run(images, batch, logits))], turns, seconds)[0];

        // Inside the whole, so that each part finds in its caches what it finds there.
        long[][] ticks = [.. Enumerable.Range(0, Rate.WarmupRuns + turns).Select(_ => new long[plan.Parts.Count])];
        foreach (long[] turn in ticks)
        {
            plan.Run(images, batch, logits, turn);
        }

        return new ProfileReport(form, batch, threads, batch / whole, [.. Parts(plan, ticks[Rate.WarmupRuns..], batch)]);
    }

    /// <summary>Steps that do the same, as one part, in the order in which they first run.</summary>
    private static IEnumerable<ProfiledPart> Parts(InferencePlan plan, long[][] ticks, int batch)
    {
        double[] seconds = [.. Enumerable.Range(0, plan.Parts.Count).Select(step => Median([.. ticks.Select(turn => turn[step])]) / Stopwatch.Frequency)];
        double whole = seconds.Sum();
        foreach (IGrouping<PlanPart, int> steps in Enumerable.Range(0, seconds.Length).GroupBy(step => plan.Parts[step]))
        {
            double time = steps.Sum(step => seconds[step]);
            double multiplyAdds = (double)steps.Key.MultiplyAdds * steps.Count() * batch;
            yield return new ProfiledPart(
                $"{steps.Count()} x {steps.Key.Name}", 1e3 * time, time / whole, multiplyAdds == 0 ? null : 2e-9 * multiplyAdds / time);
        }
    }

    private static double Median(long[] values)
    {
        Array.Sort(values);
        return values[values.Length / 2];
    }

    private static void Repeat(int calls, Action action)
    {
        for (int call = 0; call < calls; call++)
        {
            action();
        }
    }

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
            $"{report.Form}, batch {report.Batch}, {report.Threads} threads: {report.ImagesPerSecond:0.0} images/s"));
        Report.Text.Write(table);
    }
}

/// <summary>What was measured.</summary>
internal sealed record ProfileReport(
    ExportForm Form, int Batch, int Threads, double ImagesPerSecond, IReadOnlyList<ProfiledPart> Parts);

/// <summary>Steps that do the same.</summary>
internal sealed record ProfiledPart(string Name, double Milliseconds, double Share, double? Gflops);
