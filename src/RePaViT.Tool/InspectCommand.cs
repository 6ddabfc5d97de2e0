using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace RePaViT.Tool;

/// <summary><c>inspect</c>: what a model is.</summary>
internal static class InspectCommand
{
    private const int ClassesShown = 20;

    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = ModelFiles.Description };
        var command = new Command("inspect", "Describes a model: its network, cost and classes, and how images are prepared.") { model };
        command.SetAction(line => Print(ModelSource.Open(line.GetRequiredValue(model))));
        return command;
    }

    private static void Print(RePaViTModel model)
    {
        Table table = new Table { Border = TableBorder.None, ShowHeaders = false }.AddColumns("", "");
        Add("Network", $"{model.Architecture.GetType().Name}, {model.Form.ToString().ToLowerInvariant()}");
        Add("Idle ratio", model.Architecture.IsVanilla ? "none: vanilla" : Number(model.Architecture.IdleRatio));
        Add("Blocks", Number(model.Architecture.BlockCount));
        Add("Parameters", $"{Number(model.Cost.Parameters / 1e6)} M");
        Add("Multiply-adds", $"{Number(model.Cost.MultiplyAdds / 1e6)} M per image");
        Add("Image size", $"{Number(model.Architecture.ImageSize)} pixels");
        Add("Mean", Number(model.Preprocessing.Mean));
        Add("Deviation", Number(model.Preprocessing.StandardDeviation));
        Add("Outputs", string.Join(", ", model.Outputs));
        string more = model.ClassNames.Count > ClassesShown ? $", and {model.ClassNames.Count - ClassesShown} more" : "";
        Add("Classes", $"{model.ClassNames.Count}: {string.Join(", ", model.ClassNames.Take(ClassesShown))}{more}");
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }).Write(table);

        void Add(string name, string value) => table.AddRow(new Text(name), new Text(value));
    }

    private static string Number(Rgb color) => $"{Number(color.Red)}, {Number(color.Green)}, {Number(color.Blue)}";

    private static string Number(double? value) => value?.ToString("0.###", CultureInfo.InvariantCulture) ?? "one for each block";
}
