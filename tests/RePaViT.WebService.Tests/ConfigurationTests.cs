using System.Diagnostics;

namespace RePaViT.WebService.Tests;

/// <summary>The service as a process.</summary>
[TestClass]
public sealed class ConfigurationTests
{
    [TestMethod]
    [DataRow("", "Model__Path")]
    [DataRow("no-such-model.onnx", "no-such-model.onnx")]
    public void Without_a_model_it_says_what_to_do_and_ends(string path, string text)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["exec", typeof(Program).Assembly.Location, "--Model:Path", path])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };

        using Process process = Process.Start(start)!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();

        Assert.AreEqual(1, process.ExitCode, errors);
        StringAssert.Contains(errors, text);
    }
}
