using Parquet;
using Parquet.Schema;
using RePaViT.ClusterScoring;
using RePaViT.Tests.Support;

namespace RePaViT.Cluster.Tests;

[TestClass]
public sealed class ParquetTableTests
{
    private static readonly string[] _paths = ["a.jpg", "b/größe.png", "/far/c.jpg", " d.jpg", "e.jpg"];

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    public async Task Paths_become_a_list_in_the_order_of_the_rows()
    {
        using var folder = new TemporaryFolder();
        FileInfo table = await WriteAsync(folder, _paths[..3], _paths[3..]);

        string list = await ListAsync(table, "file", folder);

        string parent = table.DirectoryName!;
        CollectionAssert.AreEqual(
            new[] { $"{parent}/a.jpg", $"{parent}/b/größe.png", "/far/c.jpg", $"{parent}/ d.jpg", $"{parent}/e.jpg" },
            File.ReadAllLines(list));
    }

    [TestMethod]
    public async Task The_same_paths_are_the_same_list_and_others_are_another()
    {
        using var folder = new TemporaryFolder();
        string first = await ListAsync(await WriteAsync(folder, _paths), "file", folder);
        string again = await ListAsync(await WriteAsync(folder, _paths[..2], _paths[2..]), "file", folder);
        string other = await ListAsync(await WriteAsync(folder, _paths[1..]), "file", folder);

        Assert.AreEqual(first, again);
        Assert.AreNotEqual(first, other);
        Assert.HasCount(2, Directory.GetFiles(Path.GetDirectoryName(first)!));
    }

    [TestMethod]
    [DataRow("nothing", "It has 'file', which is named.", "no column 'nothing'", "file")]
    [DataRow("number", "Not a text.", "no column 'number'", "file")]
    public async Task A_column_that_is_not_there_is_told_with_those_that_are(string column, string why, string expected, string named)
    {
        using var folder = new TemporaryFolder();
        FileInfo table = await WriteAsync(folder, _paths);

        InvalidDataException exception = await Assert.ThrowsExactlyAsync<InvalidDataException>(() => ListAsync(table, column, folder), why);

        StringAssert.Contains(exception.Message, expected);
        StringAssert.EndsWith(exception.Message, $": {named}.");
    }

    [TestMethod]
    [DataRow(null)]
    [DataRow("")]
    [DataRow("two\nlines.jpg")]
    public async Task A_row_without_a_path_is_named_and_no_list_stays(string? path)
    {
        using var folder = new TemporaryFolder();
        FileInfo table = await WriteAsync(folder, _paths, ["f.jpg", path]);

        InvalidDataException exception = await Assert.ThrowsExactlyAsync<InvalidDataException>(() => ListAsync(table, "file", folder));

        StringAssert.Contains(exception.Message, "row 6");
        Assert.HasCount(0, Directory.GetFiles(Path.Combine(folder.Path, "lists")));
    }

    [TestMethod]
    public async Task What_is_not_a_table_is_refused()
    {
        using var folder = new TemporaryFolder();
        FileInfo table = await WriteAsync(folder, _paths);
        byte[] whole = File.ReadAllBytes(table.FullName);
        foreach (int length in new[] { 0, 3, 8, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(table.FullName, whole[..length]);
            await Assert.ThrowsExactlyAsync<InvalidDataException>(() => ListAsync(table, "file", folder), $"{length} bytes");
        }
    }

    private Task<string> ListAsync(FileInfo table, string column, TemporaryFolder folder) => ParquetTable.WriteListAsync(
        table, column, new DirectoryInfo(Path.Combine(folder.Path, "lists")), TestContext.CancellationToken);

    private static async Task<FileInfo> WriteAsync(TemporaryFolder folder, params string?[][] groups)
    {
        var number = new DataField<int>("number");
        var file = new DataField<string>("file");
        string path = folder.File("images.parquet");
        await using FileStream stream = File.Create(path);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(number, file), stream);
        foreach (string?[] paths in groups)
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<int>(number, Enumerable.Range(0, paths.Length).ToArray());
            await group.WriteAsync(file, paths!);
        }

        return new FileInfo(path);
    }
}
