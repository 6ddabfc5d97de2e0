using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.OnnxRuntime;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Saving;

/// <summary>A program that saves a model although the native library of ONNX Runtime is not there.</summary>
internal static class SavingChild
{
    public const string Command = "save-without-runtime";

    /// <summary>Tries to save in a process of its own.</summary>
    /// <param name="temporary">The folder that the process uses for temporary files.</param>
    /// <param name="result">A file for the message of the exception.</param>
    public static string Save(string temporary, string result)
    {
        using var child = new ChildProcess(Command, temporary, result);
        child.WaitForSuccess();
        return File.ReadAllText(result);
    }

    public static void Run(string[] arguments)
    {
        foreach (string variable in new[] { "TMPDIR", "TMP", "TEMP" })
        {
            Environment.SetEnvironmentVariable(variable, arguments[0]);
        }

        NativeLibrary.SetDllImportResolver(
            typeof(InferenceSession).Assembly, (name, _, _) => throw new DllNotFoundException(name));
        var context = new MLContext();
        IDataView rows = context.Data.LoadFromEnumerable(ImageRow.Create(0, "a", "b"));
        try
        {
            context.Model.Save(TestModel.CreateTransformer(context, "a", "b"), rows.Schema, Stream.Null);
        }
        catch (InvalidOperationException exception)
        {
            File.WriteAllText(arguments[1], exception.Message);
        }
    }
}
