using System.IO.Compression;
using System.Xml.Linq;
using RePaViT.Tests.Support;

namespace RePaViT.Packages.Tests;

[TestClass]
public sealed class PackageTests
{
    public static IEnumerable<object[]> Names => Packages.Names.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_package_has_a_readme_an_icon_a_license_and_symbols(string name)
    {
        using ZipArchive package = Open(Packages.Folder, name, "nupkg");
        XElement metadata;
        using (Stream nuspec = package.GetEntry($"{name}.nuspec")!.Open())
        {
            metadata = XDocument.Load(nuspec).Root!.Elements().First();
        }

        Assert.AreEqual("MIT", Value("license"));
        Assert.IsTrue(Value("description").Length > 40, Value("description"));
        Assert.AreNotEqual("", Value("authors"));
        Assert.IsTrue(package.GetEntry(Value("readme"))!.Length > 500);
        Assert.IsTrue(package.GetEntry(Value("icon"))!.Length > 500);

        using ZipArchive symbols = Open(Packages.Folder, name, "snupkg");
        Assert.IsTrue(symbols.Entries.Any(entry => entry.Name == $"{name}.pdb"));

        string Value(string element) => metadata.Elements().Single(child => child.Name.LocalName == element).Value;
    }

    [TestMethod]
    [DataRow("RePaViT")]
    [DataRow("RePaViT.TorchSharp")]
    [DataRow("RePaViT.MLNet")]
    [DataRow("RePaViT.Orleans")]
    public void A_library_comes_with_its_documentation(string name)
    {
        using ZipArchive package = Open(Packages.Folder, name, "nupkg");

        Assert.IsTrue(package.GetEntry($"lib/net10.0/{name}.dll")!.Length > 0);
        Assert.IsTrue(package.GetEntry($"lib/net10.0/{name}.xml")!.Length > 0);
    }

    [TestMethod]
    public void The_tool_has_no_libraries_for_phones()
    {
        using ZipArchive package = Open(Packages.Folder, "RePaViT.Tool", "nupkg");

        Assert.IsTrue(package.Entries.Any(entry => entry.FullName.EndsWith("win-x64/native/onnxruntime.dll", StringComparison.Ordinal)));
        Assert.IsFalse(package.Entries.Any(
            entry => entry.FullName.Contains("/android/", StringComparison.Ordinal) || entry.FullName.Contains("/ios/", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void An_application_outside_the_repository_restores_trains_saves_and_loads()
    {
        using var folder = new TemporaryFolder();
        string source = Path.Combine(Packages.Repository, "tests", "RePaViT.Packages.Tests", "Consumer");
        foreach (string file in Directory.GetFiles(source))
        {
            File.Copy(file, folder.File(Path.GetFileName(file)));
        }

        // These packages stay out of the machine's own folder of packages, and all others are taken from there.
        string shared = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Packages.Dotnet(
            folder.Path, "build", "--configuration", "Release", "-p:UseSharedCompilation=false", $"-p:RePaViTVersion={Packages.Version}",
            $"-p:OnnxRuntimeVersion={Packages.Metadata("OnnxRuntimeVersion")}", $"-p:RestoreAdditionalProjectSources={Packages.Folder}",
            $"-p:RestorePackagesPath={folder.File("packages")}", $"-p:RestoreFallbackFolders={shared}");

        string output = Packages.Dotnet(folder.Path, Path.Combine("bin", "Release", "net10.0", "Consumer.dll"));

        StringAssert.Contains(output, "The same answers.");
    }

    private static ZipArchive Open(string folder, string name, string extension)
        => ZipFile.OpenRead(Path.Combine(folder, $"{name}.{Packages.Version}.{extension}"));
}
