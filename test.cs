#:property PublishAot=false

// The test command: `dotnet run test.cs`. Restores, builds and tests the whole solution in Release.
//
// Some package feeds do not carry ML.NET and TorchSharp. There, the projects that need them are left out, with one line
// that says so; RePaViT.Core.slnf lists the projects that must always be tested. Only a feed's answer that no package
// of that name exists (NU1101) counts. Where a feed lacks a version, the next one is tested, with a line that says so
// (NU1603). Everything else that goes wrong is a failure.
//
// Then a program on the core is compiled ahead of time and, for itself, trimmed: without a warning, and it has to print what
// it prints when it is compiled while it runs. Where the feed lacks what the compiler needs, or the machine a linker, that
// is left out, with one line that says so.

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

const string WholeSolution = "RePaViT.MLNet.sln";
const string CoreSolution = "RePaViT.Core.slnf";
const string Dotnet = "dotnet";
const string PublishedProgram = "RePaViT.Aot";
const string NoSuchPackage =
    @"NU1101: Unable to find package (?<id>\S+)\. No packages exist with this id in source\(s\): \S";
// Of its own packages the SDK asks for one version.
const string NoSuchVersion = @"NU1102: (Unable to find package (?<id>\S+) with version | +- Found )";

string root = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
string results = Directory.CreateTempSubdirectory("repavit-test-").FullName;
try
{
    string? problem = Test() ?? TestPublished("native") ?? TestPublished("trimmed");
    (int passed, int failed, int skipped) = ReadResults();
    PrintCoverage();
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
    (int exitCode, string output) = RunCaptured(Dotnet, "restore", WholeSolution, "-tl:off");
    if (exitCode != 0)
    {
        if (FindLackingPackages(output, NoSuchPackage) is not (var packages, var projects) || projects.Overlaps(ReadCoreProjects()))
        {
            Console.WriteLine(output);
            return "Restoring the packages failed.";
        }

        IEnumerable<string> names = projects.Select(Path.GetFileNameWithoutExtension)!;
        Console.WriteLine($"Left out {string.Join(", ", names)}: the package feed has no {string.Join(", ", packages)}.");
        solution = WriteFilter(projects);
    }

    foreach (string substitution in FindSubstitutions(output))
    {
        Console.WriteLine(substitution);
    }

    if (Run("build", solution, "--configuration", "Release") != 0)
    {
        return "The build failed.";
    }

    // One project after the other (-m:1): no two compete for the cores or for the name of a result file.
    exitCode = Run(
        "test", solution, "--configuration", "Release", "--no-build", "-m:1", "-p:MeasureCoverage=true", "--logger", "trx",
        "--results-directory", results, "--", "RunConfiguration.TreatNoTestsAsError=true");
    return exitCode == 0 ? null : "The test run failed.";
}

// Publishes the program in one way, runs it and the one that was built, and compares. Returns what went wrong, or null.
string? TestPublished(string way)
{
    string project = Path.Combine("tests", PublishedProgram);
    string folder = Path.Combine(results, way);
    string property = $"-p:PublishAs={way}";
    Console.WriteLine($"Publishing {project}, {way}");
    (int exitCode, string output) = RunCaptured(Dotnet, "restore", project, property, "-tl:off");
    if (exitCode != 0 && FindLackingPackages(output, $"({NoSuchPackage}|{NoSuchVersion})") is (var packages, _))
    {
        Console.WriteLine($"Left out the {way} program: the package feed has no {string.Join(", ", packages)} as the SDK needs it.");
        return null;
    }

    if (exitCode == 0)
    {
        (exitCode, output) = RunCaptured(
            Dotnet, "publish", project, property, "--configuration", "Release", "--no-restore", "--output", folder, "-tl:off");
    }

    if (exitCode != 0 && output.Contains("https://aka.ms/nativeaot-prerequisites"))
    {
        Console.WriteLine($"Left out the {way} program: this machine has no linker.");
        return null;
    }

    if (exitCode != 0)
    {
        Console.WriteLine(output);
        return $"Publishing the {way} program failed.";
    }

    (int expectedCode, string expected) = RunCaptured(
        Dotnet, Path.Combine(project, "bin", "Release", "net10.0", $"{PublishedProgram}.dll"));
    (int actualCode, string actual) = RunCaptured(
        Path.Combine(folder, PublishedProgram + (OperatingSystem.IsWindows() ? ".exe" : "")));
    if (expectedCode == 0 && actualCode == 0 && actual == expected)
    {
        return null;
    }

    Console.WriteLine($"Compiled while it runs, the program ends with {expectedCode} and prints:\n{expected}");
    Console.WriteLine($"Published, it ends with {actualCode} and prints:\n{actual}");
    return $"The {way} program computes something else.";
}

// If the feed lacks packages and nothing else is wrong, these packages and the projects that need them; otherwise null.
(SortedSet<string> Packages, SortedSet<string> Projects)? FindLackingPackages(string restoreOutput, string answer)
{
    var packages = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
    var projects = new SortedSet<string>(StringComparer.OrdinalIgnoreCase);
    foreach (string line in restoreOutput.Split('\n').Where(line => Regex.IsMatch(line, @"(^|\s)error( \w+)?\s*:")))
    {
        // An error that is not exactly the feed's "no such package" is another failure.
        Match match = Regex.Match(line, $@"^\s*(?<project>.+proj) : error {answer}");
        if (!match.Success)
        {
            return null;
        }

        packages.UnionWith(match.Groups["id"].Captures.Select(id => id.Value));
        projects.Add(Path.GetFullPath(match.Groups["project"].Value, root));
    }

    return packages.Count == 0 ? null : (packages, projects);
}

// A line for each package that the feed has in a later version only.
SortedSet<string> FindSubstitutions(string restoreOutput) =>
[
    .. Regex.Matches(restoreOutput, @"NU1603: .* but (?<wanted>\S+ \S+) was not found\. \S+ (?<taken>\S+) was resolved")
        .Select(match => $"Tested with {match.Groups["taken"]}: the package feed has no {match.Groups["wanted"]}."),
];

// A part of the solution: all but some projects.
string WriteFilter(SortedSet<string> leftOut)
{
    string[] projects =
    [
        .. Regex.Matches(File.ReadAllText(Path.Combine(root, WholeSolution)), @"""(?<path>[^""]+\.csproj)""")
            .Select(match => match.Groups["path"].Value)
            .Where(path => !leftOut.Contains(FullPath(path))),
    ];
    string file = Path.Combine(results, "Tested.slnf");
    var filter = new JsonObject
    {
        ["solution"] = new JsonObject
        {
            ["path"] = Path.Combine(root, WholeSolution),
            ["projects"] = new JsonArray([.. projects.Select(project => JsonValue.Create(project))]),
        },
    };
    File.WriteAllText(file, filter.ToJsonString());
    return file;
}

// Solutions separate folders as Windows does.
string FullPath(string pathInSolution) => Path.GetFullPath(pathInSolution.Replace('\\', Path.DirectorySeparatorChar), root);

HashSet<string> ReadCoreProjects()
{
    using JsonDocument filter = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, CoreSolution)));
    return filter.RootElement.GetProperty("solution").GetProperty("projects").EnumerateArray()
        .Select(project => FullPath(project.GetString()!))
        .ToHashSet(StringComparer.OrdinalIgnoreCase);
}

// Counts, and says why tests were skipped.
(int Passed, int Failed, int Skipped) ReadResults()
{
    XElement[] all =
    [
        .. Directory.EnumerateFiles(results, "*.trx", SearchOption.AllDirectories)
            .SelectMany(file => XDocument.Load(file).Descendants()),
    ];
    XElement[] counters = [.. all.Where(element => element.Name.LocalName == "Counters")];
    int Count(string name) => counters.Sum(counter => int.Parse(counter.Attribute(name)!.Value, CultureInfo.InvariantCulture));

    IEnumerable<string> reasons = all
        .Where(element => element.Name.LocalName == "UnitTestResult" && element.Attribute("outcome")?.Value == "NotExecuted")
        .Select(result => result.Descendants().FirstOrDefault(element => element.Name.LocalName == "Message")?.Value ?? "");
    foreach (IGrouping<string, string> reason in reasons.GroupBy(text => Regex.Replace(text, @"^.*Assert\.Inconclusive\. ", "")))
    {
        Console.WriteLine($"Skipped {reason.Count()}: {reason.Key}");
    }

    // What ran and did not pass has failed, however its end is called.
    return (Count("passed"), Count("executed") - Count("passed"), Count("total") - Count("executed"));
}

// A line for each library: how many of its lines its own tests run. Reports are there twice: test results hold a copy.
void PrintCoverage()
{
    foreach (XElement library in Directory.EnumerateFiles(results, "coverage.cobertura.xml", SearchOption.AllDirectories)
        .SelectMany(file => XDocument.Load(file).Descendants("package"))
        .DistinctBy(package => package.Attribute("name")!.Value)
        .OrderBy(package => package.Attribute("name")!.Value, StringComparer.Ordinal))
    {
        XElement lines = library.Document!.Root!;
        double share = (double)lines.Attribute("lines-covered")! / (double)lines.Attribute("lines-valid")!;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"Line coverage of {library.Attribute("name")!.Value}: {share:P1}"));
    }
}

int Run(params string[] arguments)
{
    using Process process = Process.Start(new ProcessStartInfo(Dotnet, arguments) { WorkingDirectory = root })!;
    process.WaitForExit();
    return process.ExitCode;
}

(int ExitCode, string Output) RunCaptured(string program, params string[] arguments)
{
    var start = new ProcessStartInfo(program, arguments)
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
