using System.Diagnostics;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using RePaViT.Tests.Support;

namespace RePaViT.Tool.Tests;

[TestClass]
public sealed class TrainCommandTests
{
    [TestMethod]
    [Timeout(120_000)]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void A_training_that_is_interrupted_saves_its_best_model_and_the_exit_code_tells()
    {
        using var folder = new TemporaryFolder();
        string output = folder.File("made");
        using Process tool = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                "exec", typeof(Tool).Assembly.Location, "train", Photos.Write(folder), "--output", output, "--image-size", "16",
                "--epochs", "1000000", "--test-fraction", "0.3",
            ])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> text = tool.StandardOutput.ReadToEndAsync();
        Task<string> errors = tool.StandardError.ReadToEndAsync();
        try
        {
            while (!File.Exists(Path.Combine(output, "checkpoint.safetensors")) && !tool.HasExited)
            {
                Thread.Sleep(50);
            }

            // What Ctrl+C does too, but no shell makes a child deaf to it. The shell's own kill: small systems have no other.
            using Process kill = Process.Start("sh", ["-c", $"kill -TERM {tool.Id}"]);
            kill.WaitForExit();
            tool.WaitForExit();

            Assert.AreEqual(Tool.Cancelled, tool.ExitCode, $"{text.Result} {errors.Result}");
            Assert.AreEqual(2, RePaViTModel.Load(Path.Combine(output, "model.onnx")).ClassNames.Count);
        }
        finally
        {
            tool.Kill();
        }
    }

    [TestMethod]
    public void A_folder_of_images_becomes_models_and_code_that_compiles_and_predicts()
    {
        using var folder = new TemporaryFolder();
        string photos = Photos.Write(folder);
        string output = folder.File("made");

        CommandRun run = ToolRun.Done(
            "train", photos, "--output", output, "--name", "Colors", "--image-size", "16", "--epochs", "2", "--test-fraction", "0.3");

        foreach (string file in (string[])["model.zip", "model.onnx", "report.html", "report.json", "Colors.consumption.cs", "Colors.training.cs", "Colors.evaluate.cs"])
        {
            Assert.IsTrue(File.Exists(Path.Combine(output, file)), file);
        }

        StringAssert.Contains(run.Output, "micro accuracy");
        Type model = Compile(Directory.GetFiles(output, "*.cs")).GetType("ColorsApplication.Colors", throwOnError: true)!;
        model.GetProperty("MLNetModelPath")!.SetValue(null, Path.Combine(output, "model.zip"));
        Type input = model.GetNestedType("ModelInput")!;
        object image = Activator.CreateInstance(input)!;
        input.GetProperty("ImageSource")!.SetValue(image, File.ReadAllBytes(Path.Combine(photos, "red", "0.png")));
        var scores = (IEnumerable<KeyValuePair<string, float>>)model.GetMethod("PredictAllLabels")!.Invoke(null, [image])!;

        CommandRun predicted = ToolRun.Done("predict", Path.Combine(output, "model.onnx"), Path.Combine(photos, "red", "0.png"));
        Assert.AreEqual(
            predicted.Lines.Single(),
            $"{Path.Combine(photos, "red", "0.png")}: {string.Join(", ", scores.Select(score => FormattableString.Invariant($"{score.Key} {100 * score.Value:F1} %")))}");
    }

    [TestMethod]
    public void A_name_that_no_class_can_have_is_refused_before_anything_is_made()
    {
        using var folder = new TemporaryFolder();
        string output = folder.File("made");

        CommandRun run = ToolRun.Of("train", Photos.Write(folder), "--output", output, "--name", "my-model");

        Assert.AreEqual(Tool.Failed, run.Code);
        StringAssert.Contains(run.Errors, "'my-model'");
        Assert.IsFalse(Directory.Exists(output));
    }

    [TestMethod]
    [DataRow("1")]
    [DataRow("-0.1")]
    public void A_share_outside_its_range_is_refused(string share)
    {
        using var folder = new TemporaryFolder();

        CommandRun run = ToolRun.Of("train", Photos.Write(folder), "--output", folder.File("made"), "--test-fraction", share);

        Assert.AreEqual(Tool.Failed, run.Code);
        StringAssert.Contains(run.Errors, "--test-fraction");
    }

    [TestMethod]
    public void A_folder_that_is_not_there_is_a_wrong_command_line()
    {
        CommandRun run = ToolRun.Of("train", "no-such-folder");

        Assert.AreEqual(Tool.NotUnderstood, run.Code);
        StringAssert.Contains(run.Errors, "no-such-folder");
    }

    /// <summary>As a project without implicit usings does.</summary>
    private static Assembly Compile(string[] files)
    {
        IEnumerable<string> libraries = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator);
        var compilation = CSharpCompilation.Create(
            "Generated",
            files.Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file))),
            libraries.Select(library => MetadataReference.CreateFromFile(library)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        using var assembly = new MemoryStream();
        Diagnostic[] problems = [.. compilation.Emit(assembly).Diagnostics.Where(problem => problem.Severity >= DiagnosticSeverity.Warning)];
        Assert.AreEqual(0, problems.Length, string.Join('\n', problems.AsEnumerable()));
        return Assembly.Load(assembly.ToArray());
    }
}
