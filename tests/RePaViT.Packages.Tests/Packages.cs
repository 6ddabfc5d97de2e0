using System.Diagnostics;
using System.Reflection;
using RePaViT.Tests.Support;

namespace RePaViT.Packages.Tests;

/// <summary>All packages, packed once for all tests, in a version that no one else has.</summary>
[TestClass]
public static class Packages
{
    private static TemporaryFolder? _folder;

    public static string Version { get; } = $"1.0.0-test.{Guid.NewGuid():N}";

    public static IReadOnlyList<string> Names { get; } = ["RePaViT", "RePaViT.Reports", "RePaViT.TorchSharp", "RePaViT.MLNet", "RePaViT.Orleans", "RePaViT.Tool"];

    /// <summary>Where they lie.</summary>
    public static string Folder => _folder!.Path;

    public static string Repository { get; } = Path.GetFullPath(Metadata("Repository"));

    private static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    [AssemblyInitialize]
    public static void Pack(TestContext _)
    {
        _folder = new TemporaryFolder();
        foreach (string name in Names)
        {
            PackTo(Folder, name);
        }
    }

    [AssemblyCleanup]
    public static void Delete() => _folder?.Dispose();

    public static void PackTo(string folder, string name) => Dotnet(
        Repository, "pack", Path.Combine("src", name), "--no-build", "--configuration", Configuration, "--output", folder, $"-p:Version={Version}");

    /// <summary>What the project says of itself.</summary>
    public static string Metadata(string key)
        => typeof(Packages).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == key).Value!;

    /// <summary>Runs dotnet, which must succeed. Returns what it printed.</summary>
    public static string Dotnet(string folder, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What a test host sets for itself is not for others.
        foreach (string variable in start.Environment.Keys.Where(key => key.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(variable);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(0, process.ExitCode, $"dotnet {string.Join(' ', arguments)}\n{output}\n{errors.Result}");
        return output;
    }
}
