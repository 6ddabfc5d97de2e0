using System.Text.Json;
using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

/// <summary>A program that knows nothing of a model but its file.</summary>
internal static class ScoringChild
{
    public const string Command = "score";

    /// <summary>Scores generated rows in a process of its own.</summary>
    public static Scores[] Score(string model, int rows, string results)
    {
        using var child = new ChildProcess(Command, model, $"{rows}", results);
        child.WaitForSuccess();
        return JsonSerializer.Deserialize<Scores[]>(File.ReadAllText(results))!;
    }

    public static void Run(string[] arguments)
    {
        var context = new MLContext();
        ITransformer model = context.Model.Load(arguments[0], out _);
        ImageRow[] rows = ImageRow.Create(int.Parse(arguments[1]), "a", "b", "c");
        Scores[] scores = Scores.Read(model.Transform(context.Data.LoadFromEnumerable(rows)));
        File.WriteAllText(arguments[2], JsonSerializer.Serialize(scores));
    }
}
