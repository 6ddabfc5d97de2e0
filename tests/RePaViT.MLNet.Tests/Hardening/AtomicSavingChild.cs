using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Hardening;

/// <summary>A program that saves one ML.NET model and another in turns under the same name, until it is killed.</summary>
internal static class AtomicSavingChild
{
    public const string Command = "save-atomically";
    public const string Started = "started";

    private static readonly string[][] Classes = [["a", "b"], ["c", "d"]];

    /// <param name="arguments">The folder for temporary files, and the file.</param>
    public static void Run(string[] arguments)
    {
        foreach (string variable in new[] { "TMPDIR", "TMP", "TEMP" })
        {
            Environment.SetEnvironmentVariable(variable, arguments[0]);
        }

        Save(0, arguments[1]);
        Console.WriteLine(Started);
        for (int number = 1; ; number++)
        {
            Save(number % 2, arguments[1]);
        }
    }

    public static void Save(int number, string path)
    {
        var context = new MLContext(seed: 1);
        IDataView rows = context.Data.LoadFromEnumerable(ImageRow.Create(0, Classes[number]));
        context.Model.SaveAtomically(TestModel.CreateTransformer(context, Classes[number]), rows.Schema, path);
    }

    /// <summary>Which of the models a file holds; it must be a whole one.</summary>
    public static int Load(string path)
        => Array.FindIndex(Classes, classes => classes.SequenceEqual(new MLContext(seed: 1).Model.LoadRePaViT(path).Model.ClassNames));
}
