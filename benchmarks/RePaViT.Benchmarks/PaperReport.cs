using System.Globalization;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary>Sizes in the paper beside ours.</summary>
internal sealed record PaperReport(IReadOnlyList<PaperRow> Rows)
{
    public static PaperReport Create() => new(
    [
        .. from size in PaperTables.Sizes
           let cost = new FormCost(size.Architecture.Cost(size.Form))
           select new PaperRow(
               size.Table, size.Network, size.Parameters, cost.Parameters / 1e6, size.Gmacs, size.Gmacs is null ? null : cost.Gmacs, size.Note),
    ]);

    public void Print()
    {
        Table table = new Table { Border = TableBorder.Simple }.AddColumn("Table").AddColumn("Network");
        foreach (string column in new[] { "M parameters\nin the paper", "\nours", "Difference", "GMACs\nin the paper", "\nours", "Difference" })
        {
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        }

        string[] notes = [.. Rows.Select(row => row.Note).OfType<string>().Distinct()];
        table.AddColumn("Note");
        foreach (PaperRow row in Rows)
        {
            table.AddRow(
                row.Table.ToString(CultureInfo.InvariantCulture),
                row.Network,
                Number(row.PaperParameters, "0.0"),
                Number(row.Parameters, "0.000"),
                row.ParametersAgree ? "none" : Number(row.Parameters - row.PaperParameters, "+0.000;-0.000"),
                Number(row.PaperGmacs, "0.0"),
                Number(row.Gmacs, "0.000"),
                row.Gmacs is null ? "" : row.GmacsAgree ? "none" : Number(row.Gmacs / row.PaperGmacs - 1, "+0.0%;-0.0%"),
                row.Note is null ? "" : $"{Array.IndexOf(notes, row.Note) + 1}");
        }

        Report.Text.Write(table);
        Report.Text.WriteLine("No difference: the same number with the one decimal that the paper has. GMACs are those of products with weights.");
        foreach ((int index, string note) in notes.Index())
        {
            Report.Text.WriteLine($"{index + 1}: {note}");
        }
    }

    private static string Number(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "";
}

/// <summary>A network in a table of the paper, and ours: millions of parameters and, where the table has them, GMACs.</summary>
internal sealed record PaperRow(
    int Table, string Network, double PaperParameters, double Parameters, double? PaperGmacs, double? Gmacs, string? Note)
{
    /// <summary>Whether ours is the paper's number with its one decimal.</summary>
    public bool ParametersAgree => Rounds(Parameters, PaperParameters);

    /// <summary>Whether ours is the paper's number with its one decimal; so where there is none.</summary>
    public bool GmacsAgree => Gmacs is not double gmacs || Rounds(gmacs, PaperGmacs!.Value);

    private static bool Rounds(double value, double rounded) => Math.Abs(value - rounded) <= 0.05 + 1e-9;
}
