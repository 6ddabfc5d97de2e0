using System.Security.Cryptography;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import.Sources;

[TestClass]
public sealed class UriSourceTests
{
    private const string Variable = "MICROSOFTML_RESOURCE_PATH";

    private static readonly byte[] Content = File.ReadAllBytes(Path.Combine(PyTorchFiles.Folder, "timm_vit.safetensors"));
    private static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Content));
    private static readonly PretrainedOptions TwoHeads = new() { Heads = 2 };

    [TestMethod]
    public void A_file_is_downloaded_once()
    {
        using var folder = new TemporaryFolder();
        var reports = new List<DownloadProgress>();
        var server = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "200 OK", Content));
        var source = PretrainedSource.FromUri(server.Uri("a/vit%20base.safetensors?download=true"), Hash.ToUpperInvariant(), folder.File("cache"), new Recorder(reports.Add));

        RePaViTModel first = RePaViTModel.LoadPretrained(source, TwoHeads);
        server.Dispose();
        RePaViTModel second = RePaViTModel.LoadPretrained(source, TwoHeads);

        Assert.HasCount(1, server.Requests);
        Assert.AreEqual(new DownloadProgress(Content.Length, Content.Length), reports[^1]);
        Assert.IsTrue(first.Weights["norm.bias"].Data.SequenceEqual(second.Weights["norm.bias"].Data));
        string[] names = [.. Directory.EnumerateFiles(folder.File("cache")).Select(path => Path.GetFileName(path))];
        CollectionAssert.AreEqual(new[] { $"vitbase-{Hash[..16]}.safetensors" }, names);
    }

    [TestMethod]
    public void Another_file_is_not_kept()
    {
        using var folder = new TemporaryFolder();
        using var server = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "200 OK", [.. Content[..^1], 0x55]));

        string message = Assert.ThrowsExactly<InvalidDataException>(() => Load(server, folder)).Message;

        StringAssert.Contains(message, Hash);
        StringAssert.Contains(message, server.Uri("x.pth").ToString());
        Assert.IsEmpty(folder.FileNames);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void What_breaks_off_goes_on(bool answersRanges)
    {
        using var folder = new TemporaryFolder();
        int half = Content.Length / 2;
        using var server = new LoopbackServer((head, stream) =>
        {
            if (!head.Contains("Range:", StringComparison.Ordinal))
            {
                LoopbackServer.WritePart(stream, "200 OK", Content.AsSpan(0, half), Content.Length);
            }
            else if (answersRanges)
            {
                LoopbackServer.Write(stream, "206 Partial Content", Content.AsSpan(half), $"Content-Range: bytes {half}-{Content.Length - 1}/{Content.Length}");
            }
            else
            {
                LoopbackServer.Write(stream, "200 OK", Content);
            }
        });

        Load(server, folder);

        Assert.HasCount(2, server.Requests);
        StringAssert.Contains(server.Requests.Last(), $"Range: bytes={half}-");
    }

    [TestMethod]
    public void What_always_breaks_off_ends()
    {
        using var folder = new TemporaryFolder();
        using var server = new LoopbackServer((_, stream) => LoopbackServer.WritePart(stream, "200 OK", Content.AsSpan(0, 1000), Content.Length));

        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Load(server, folder)).Message, Hash);
        Assert.IsLessThan(10, server.Requests.Count);
        Assert.IsEmpty(folder.FileNames);
    }

    [TestMethod]
    public void Redirections_are_followed_to_where_nobody_listens()
    {
        using var folder = new TemporaryFolder();
        using var server = new LoopbackServer((head, stream) =>
        {
            if (head.StartsWith("GET /x.pth ", StringComparison.Ordinal))
            {
                LoopbackServer.Write(stream, "302 Found", [], "Location: /other/place");
            }
            else
            {
                LoopbackServer.Write(stream, "200 OK", Content);
            }
        });
        Load(server, folder);
        CollectionAssert.AreEqual(new[] { $"x-{Hash[..16]}.pth" }, folder.FileNames.ToArray());

        using var away = new TemporaryFolder();
        using var leading = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "301 Moved Permanently", [], "Location: http://example.invalid/x"));
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Load(leading, away)).Message, "only https");

        using var circle = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "307 Temporary Redirect", [], "Location: /x.pth"));
        StringAssert.Contains(Assert.ThrowsExactly<IOException>(() => Load(circle, away)).Message, "times");
        Assert.IsEmpty(away.FileNames);
    }

    [TestMethod]
    public void The_message_says_where_to_put_a_file_without_a_network()
    {
        using var folder = new TemporaryFolder();
        using var server = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "404 Not Found", []));

        string message = Assert.ThrowsExactly<IOException>(() => Load(server, folder)).Message;
        StringAssert.Contains(message, "404");
        StringAssert.Contains(message, Hash);
        string path = message.Split('\'')[^2];
        Assert.AreEqual(folder.Path, Path.GetDirectoryName(path));
        File.WriteAllBytes(path, Content);

        Load(server, folder);
        Assert.HasCount(1, server.Requests);
    }

    [TestMethod]
    public void A_damaged_copy_is_downloaded_again()
    {
        using var folder = new TemporaryFolder();
        using var server = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "200 OK", Content));
        File.WriteAllBytes(folder.File($"x-{Hash[..16]}.pth"), Content[..^1]);

        Load(server, folder);

        Assert.HasCount(1, server.Requests);
        CollectionAssert.AreEqual(Content, File.ReadAllBytes(folder.File($"x-{Hash[..16]}.pth")));
    }

    [TestMethod]
    public void Cancelling_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        using var end = new ManualResetEventSlim();
        using var server = new LoopbackServer((_, stream) =>
        {
            LoopbackServer.WritePart(stream, "200 OK", Content.AsSpan(0, 1000), Content.Length);
            end.Wait();
        });
        var source = PretrainedSource.FromUri(server.Uri("x.pth"), Hash, folder.Path, new Recorder(_ => cancellation.Cancel()));

        bool isCancelled = false;
        try
        {
            RePaViTModel.LoadPretrained(source, TwoHeads, cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            isCancelled = true;
        }

        end.Set();
        Assert.IsTrue(isCancelled);
        Assert.IsEmpty(folder.FileNames);
    }

    [TestMethod]
    public void Two_at_once_download_once()
    {
        using var folder = new TemporaryFolder();
        using var both = new CountdownEvent(2);
        using var server = new LoopbackServer((_, stream) =>
        {
            both.Wait();
            LoopbackServer.Write(stream, "200 OK", Content);
        });

        Parallel.For(0, 2, new ParallelOptions { MaxDegreeOfParallelism = 2 }, _ =>
        {
            both.Signal();
            Load(server, folder);
        });

        Assert.HasCount(1, server.Requests);
        Assert.HasCount(1, folder.FileNames);
    }

    [TestMethod]
    public void The_variable_of_ML_NET_names_the_folder()
    {
        using var folder = new TemporaryFolder();
        using var server = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "200 OK", Content));
        string? before = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, folder.Path);
        try
        {
            RePaViTModel.LoadPretrained(PretrainedSource.FromUri(server.Uri(""), Hash), TwoHeads);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Variable, before);
        }

        Assert.IsTrue(File.Exists(Path.Combine(folder.Path, "repavit", $"weights-{Hash[..16]}")));
    }

    [TestMethod]
    public void An_index_is_refused()
    {
        using var folder = new TemporaryFolder();
        byte[] index = [.. """{"weight_map": {"norm.bias": "x.pth"}}"""u8];
        using var server = new LoopbackServer((_, stream) => LoopbackServer.Write(stream, "200 OK", index));
        var source = PretrainedSource.FromUri(server.Uri("index.json"), Convert.ToHexString(SHA256.HashData(index)), folder.Path);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(source)).Message, "index of several files");
    }

    [TestMethod]
    [DataRow("http://example.com/x.pth")]
    [DataRow("ftp://example.com/x.pth")]
    [DataRow("https://me:secret@example.com/x.pth")]
    [DataRow("x.pth")]
    public void Only_https_is_accepted(string uri)
    {
        var exception = Assert.ThrowsExactly<ArgumentException>(() => PretrainedSource.FromUri(new Uri(uri, UriKind.RelativeOrAbsolute), Hash));
        StringAssert.Contains(exception.Message, "https");
        Assert.AreEqual("'https://example.com/x.pth'", PretrainedSource.FromUri(new Uri("https://example.com/x.pth"), Hash).ToString());
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("5c106cde")]
    [DataRow("g000000000000000000000000000000000000000000000000000000000000000")]
    public void A_hash_is_needed(string hash)
        => Assert.ThrowsExactly<ArgumentException>(() => PretrainedSource.FromUri(new Uri("https://example.com/x.pth"), hash));

    private static void Load(LoopbackServer server, TemporaryFolder folder)
        => RePaViTModel.LoadPretrained(PretrainedSource.FromUri(server.Uri("x.pth"), Hash, folder.Path), TwoHeads);

    private sealed class Recorder(Action<DownloadProgress> record) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value) => record(value);
    }
}
