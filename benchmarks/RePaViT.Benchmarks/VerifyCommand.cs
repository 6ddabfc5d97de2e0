using System.CommandLine;
using System.Globalization;
using RePaViT.Benchmarks.Engines;
using RePaViT.Benchmarks.Verification;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>verify DIR</c>: compares with every golden file in a folder, and with what is expected of every checkpoint there.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "A folder of golden .safetensors files." };
        var command = new Command("verify", "Compares with what the reference implementation computed; exit code 1 where it differs.")
        {
            folder,
        };
        var engine = new EngineOptions(command);
        command.SetAction(commandLine =>
        {
            VerifyReport report = Run(commandLine.GetRequiredValue(folder), engine.Read(commandLine).Create());
            Report.Write(commandLine, report, Print);
            return report.Failed > 0 ? 1 : 0;
        });
        return command;
    }

    /// <exception cref="InvalidDataException">The folder holds no golden files.</exception>
    /// <exception cref="IOException">The folder cannot be read.</exception>
    public static VerifyReport Run(string folder, IBenchmarkEngine engine)
    {
        string[] files =
        [
            .. Directory.EnumerateFiles(folder, "*.safetensors")
                .Where(file => !PretrainedFixture.IsExpectedOf(file)).Order(StringComparer.Ordinal),
        ];
        return files.Length == 0
            ? throw new InvalidDataException($"{folder} holds no .safetensors files.")
            : new VerifyReport([.. files.Select(new Verifier(engine).Verify)]);
    }

    private static void Print(VerifyReport report)
    {
        Table table = new Table { Border = TableBorder.Simple }
            .AddColumns("File", "Quantity", "Relative error", "Tolerance", "Worst tensor", "");
        foreach (FileReport file in report.Files)
        {
            string name = Markup.Escape(file.File);
            foreach (Check check in file.Checks)
            {
                table.AddRow(
                    name, check.Quantity, Number(check.Error), Number(check.Tolerance), Markup.Escape(check.Worst),
                    check.Passed ? "[green]ok[/]" : "[red]failed[/]");
                name = "";
            }
        }

        Report.Text.Write(table);
        foreach (FileReport file in report.Files.Where(file => file.Message is not null))
        {
            Report.Text.WriteLine($"{file.File} {file.Verdict.ToString().ToLowerInvariant()}: {file.Message}");
        }

        Report.Text.WriteLine($"{report.Passed} passed, {report.Failed} failed, {report.Unsupported} unsupported");
    }

    private static string Number(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);
}
