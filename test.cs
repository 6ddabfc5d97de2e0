#:property PublishAot=false

// The test command: `dotnet run test.cs`. Restores, builds and tests the whole solution in Release.
//
// Some package feeds do not carry ML.NET and TorchSharp. There, the projects that need them are left out, with one line
// that says so; RePaViT.Core.slnf lists the projects that must always be tested. Only a feed's answer that no package
// of that name exists (NU1101) counts. Everything else that goes wrong is a failure.

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

const string WholeSolution = "RePaViT.MLNet.sln";
const string CoreSolution = "RePaViT.Core.slnf";
const string Dotnet = "dotnet";

string root = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string results = Directory.CreateTempSubdirectory("repavit-test-").FullName;
try
{
    string? problem = Test();
    (int passed, int failed, int skipped) = CountResults();
    problem ??= failed > 0 ? "Tests failed." : passed == 0 ? "No test ran." : null;
    if (problem is not null)
    {
        Console.WriteLine(problem);
    }

    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{passed} passed, {failed} failed{(skipped > 0 ? $", {skipped} skipped" : "")}"));
    return problem is null ? 0 : 1;
}
finally
{
    Directory.Delete(results, recursive: true);
}

// Returns what stopped the tests, or null.
string? Test()
{
    Console.WriteLine($"Restoring {WholeSolution}");
    string solution = WholeSolution;
    (int exitCode, string output) = RunCaptured("restore", WholeSolution, "-tl:off");
    if (exitCode != 0)
    {
        if (FindLackingPackages(output) is not string lacking)
        {
            Console.WriteLine(output);
            return "Restoring the packages failed.";
        }

        Console.WriteLine(lacking);
        solution = CoreSolution;
    }

    if (Run("build", solution, "--configuration", "Release") != 0)
    {
        return "The build failed.";
    }

    // One project after the other (-m:1): no two compete for the cores or for the name of a result file.
    exitCode = Run(
        "test", solution, "--configuration", "Release", "--no-build", "-m:1", "--logger", "trx",
        "--results-directory", results, "--", "RunConfiguration.TreatNoTestsAsError=true");
    return exitCode == 0 ? null : "The test run failed.";
}

// If the feed lacks packages of optional projects and nothing else is wrong, the line that says so; otherwise null.
string? FindLackingPackages(string restoreOutput)
{
    var packages = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
    var projects = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
    HashSet<string> coreProjects = ReadCoreProjects();
    foreach (string line in restoreOutput.Split('\n').Where(line => Regex.IsMatch(line, @"(^|\s)error( \w+)?\s*:")))
    {
        // An error that is not exactly the feed's "no such package" is another failure.
        Match match = Regex.Match(
            line,
            @"^\s*(?<project>.+proj) : error NU1101: Unable to find package (?<id>\S+)\. " +
            @"No packages exist with this id in source\(s\): \S");
        if (!match.Success || coreProjects.Contains(Path.GetFullPath(match.Groups["project"].Value, root)))
        {
            return null;
        }

        packages.Add(match.Groups["id"].Value);
        projects.Add(Path.GetFileNameWithoutExtension(match.Groups["project"].Value));
    }

    return packages.Count == 0
        ? null
        : $"Left out {string.Join(", ", projects)}: the package feed has no {string.Join(", ", packages)}.";
}

HashSet<string> ReadCoreProjects()
{
    using JsonDocument filter = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, CoreSolution)));
    return filter.RootElement.GetProperty("solution").GetProperty("projects").EnumerateArray()
        .Select(project => Path.GetFullPath(project.GetString()!.Replace('\\', Path.DirectorySeparatorChar), root))
        .ToHashSet(StringComparer.OrdinalIgnoreCase);
}

(int Passed, int Failed, int Skipped) CountResults()
{
    (int passed, int failed, int skipped) = (0, 0, 0);
    foreach (string file in Directory.EnumerateFiles(results, "*.trx", SearchOption.AllDirectories))
    {
        XElement counters = XDocument.Load(file).Descendants().Single(element => element.Name.LocalName == "Counters");
        int Counter(string name) => int.Parse(counters.Attribute(name)!.Value, CultureInfo.InvariantCulture);

        // What ran and did not pass has failed, however its end is called.
        passed += Counter("passed");
        failed += Counter("executed") - Counter("passed");
        skipped += Counter("total") - Counter("executed");
    }

    return (passed, failed, skipped);
}

int Run(params string[] arguments)
{
    using Process process = Process.Start(new ProcessStartInfo(Dotnet, arguments) { WorkingDirectory = root })!;
    process.WaitForExit();
    return process.ExitCode;
}

(int ExitCode, string Output) RunCaptured(params string[] arguments)
{
    var start = new ProcessStartInfo(Dotnet, arguments)
    {
        WorkingDirectory = root,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        // The messages are read above, so they have to be in one language.
        Environment = { ["DOTNET_CLI_UI_LANGUAGE"] = "en" },
    };
    using Process process = Process.Start(start)!;
    Task<string> errors = process.StandardError.ReadToEndAsync();
    string output = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return (process.ExitCode, output + errors.Result);
}
