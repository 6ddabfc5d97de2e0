using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>inspect</c>: what every preset costs.</summary>
internal static class InspectCommand
{
    private static readonly double[] IdleRatios = [0.25, 0.5, 0.75];

    public static Command Create()
    {
        var paper = new Option<bool>("--paper") { Description = "Beside every size in tables 1, 2, 4 and 5 of the paper." };
        var command = new Command("inspect", "Prints parameters and multiply-adds of all presets and idle ratios.") { paper };
        command.SetAction(commandLine =>
        {
            if (commandLine.GetValue(paper))
            {
                Report.Write(commandLine, PaperReport.Create(), report => report.Print());
            }
            else
            {
                Report.Write(commandLine, Run(), Print);
            }
        });
        return command;
    }

    public static InspectReport Run() => new(
    [
        .. from preset in Architecture.Presets
           from ratio in IdleRatios
           let architecture = preset.Value with { IdleRatio = ratio }
           select new ModelCost(
               preset.Key,
               ratio,
               new FormCost((preset.Value with { IdleRatio = null }).Cost(NetworkForm.Trained)),
               new FormCost(architecture.Cost(NetworkForm.Trained)),
               new FormCost(architecture.Cost(NetworkForm.Deployed))),
    ]);

    private static void Print(InspectReport report)
    {
        Table table = new Table { Border = TableBorder.Simple }.AddColumn("Preset");
        foreach (string column in new[]
        {
            "Idle\nratio", "Millions of\nvanilla", "parameters\ntrained", "\ndeployed", "GMACs\ntrained", "\ndeployed",
            "GMACs, all\ntrained", "\ndeployed",
        })
        {
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        }

        foreach (ModelCost model in report.Models)
        {
            table.AddRow(
                model.Preset,
                Number(model.IdleRatio, "0.00"),
                Number(model.Vanilla.Parameters / 1e6, "0.000"),
                Number(model.Trained.Parameters / 1e6, "0.000"),
                Number(model.Deployed.Parameters / 1e6, "0.000"),
                Number(model.Trained.Gmacs, "0.00"),
                Number(model.Deployed.Gmacs, "0.00"),
                Number(model.Trained.GmacsWithAttention, "0.00"),
                Number(model.Deployed.GmacsWithAttention, "0.00"));
        }

        Report.Text.Write(table);
        Report.Text.WriteLine(
            "GMACs are those of products with weights, as in the paper; all are these and the products within attention.");
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>The cost of every preset at every idle ratio.</summary>
internal sealed record InspectReport(IReadOnlyList<ModelCost> Models);

/// <summary>The cost of a preset at an idle ratio in each form, at 224 pixels and 1000 classes.</summary>
internal sealed record ModelCost(string Preset, double IdleRatio, FormCost Vanilla, FormCost Trained, FormCost Deployed);

/// <summary>
/// Parameters, and 10^9 multiply-adds per image: in products with weights (the paper's count), and with those of attention.
/// </summary>
internal sealed record FormCost(long Parameters, double Gmacs, double GmacsWithAttention)
{
    public FormCost(NetworkCost cost)
        : this(cost.Parameters, cost.WeightMultiplyAdds / 1e9, cost.MultiplyAdds / 1e9)
    {
    }
}
