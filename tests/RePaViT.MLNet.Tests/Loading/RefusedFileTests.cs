using System.Buffers.Binary;
using System.IO.Compression;
using Microsoft.ML;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Onnx;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Loading;

/// <summary>Files that are damaged, hostile or somebody else's.</summary>
[TestClass]
public sealed class RefusedFileTests
{
    private const string Entry = @"TransformerChain\Transform_000\OnnxModel";
    private static readonly string[] Names = ["a", "b"];

    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    public void A_model_without_a_network_of_ours_is_refused()
    {
        using var folder = new TemporaryFolder();
        IDataView rows = _context.Data.LoadFromEnumerable(ImageRow.Create(1, Names));
        _context.Model.Save(_context.Transforms.CopyColumns("Copy", "Number").Fit(rows), rows.Schema, folder.File("model.zip"));

        AssertRefused(File.ReadAllBytes(folder.File("model.zip")), "holds no classifier of this library");
        AssertRefused(Zip(("OnnxModel", Prefixed(Onnx(metadata: null)))), "holds no classifier of this library");
        AssertRefused(Zip(), "holds no classifier of this library");
    }

    [TestMethod]
    public void Several_networks_of_ours_are_refused()
        => AssertRefused(Zip((Entry, Prefixed(Onnx())), ("Other/OnnxModel", Prefixed(Onnx()))), "Other/OnnxModel");

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [Timeout(60_000)]
    public void A_pipe_is_refused_and_not_waited_for()
    {
        using var folder = new TemporaryFolder();
        SpecialFile.CreatePipe(folder.File("model.zip"));
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => _context.Model.LoadRePaViT(folder.File("model.zip")));
        StringAssert.Contains(exception.Message, "an ordinary file", StringComparison.Ordinal);
    }

    [TestMethod]
    public void A_wrong_length_is_refused()
    {
        byte[] entry = Prefixed(Onnx());
        AssertRefused(Zip((Entry, entry[..^1])), "bytes follow");
        AssertRefused(Zip((Entry, [.. entry, 0])), "bytes follow");
        AssertRefused(Zip((Entry, [])), "bytes follow");
        AssertRefused(Zip((Entry, [1, 2])), "bytes follow");
    }

    [TestMethod]
    public void What_weights_do_not_unfold_to_is_refused()
    {
        byte[] bomb = Zip((Entry, new byte[64 << 20]));
        Assert.IsLessThan(1 << 20, bomb.Length);
        long before = GC.GetTotalAllocatedBytes();

        AssertRefused(bomb, "which weights never do");

        long allocated = GC.GetTotalAllocatedBytes() - before;
        Assert.IsLessThan(32 << 20, allocated);
    }

    [TestMethod]
    public void What_is_not_needed_is_not_kept()
    {
        // A field that nobody knows, behind the network: as long as may be unpacked, and far longer than the network.
        byte[] padding = new byte[48 << 20];
        new Random(1).NextBytes(padding.AsSpan(0, padding.Length / 60));
        var unknown = new ProtobufMessage();
        unknown.Add(99, padding);
        using var onnx = new MemoryStream();
        onnx.Write(Onnx());
        unknown.WriteTo(onnx);
        byte[] ours = Zip((Entry, Prefixed(onnx.ToArray())));
        byte[] wrong = Zip((Entry, Prefixed([.. padding, .. onnx.ToArray()])));
        Assert.IsInRange(30L * ours.Length, 100L * ours.Length, padding.Length);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("model"), ours);
        long before = GC.GetTotalAllocatedBytes();

        CollectionAssert.AreEqual(Names, _context.Model.LoadRePaViT(folder.File("model")).Model.ClassNames.ToArray());
        AssertRefused(wrong, "");

        long allocated = GC.GetTotalAllocatedBytes() - before;
        Assert.IsLessThan(8 << 20, allocated);
    }

    [TestMethod]
    public void Metadata_without_end_are_not_kept()
    {
        var one = new ProtobufMessage();
        one.Add(OnnxSchema.Entry.Key, "repavit.long");
        one.Add(OnnxSchema.Entry.Value, new string('x', 40 << 20));
        var many = new ProtobufMessage();
        foreach (int i in Enumerable.Range(0, 1_000_000))
        {
            var entry = new ProtobufMessage();
            entry.Add(OnnxSchema.Entry.Key, $"repavit.{i}");
            many.Add(OnnxSchema.Model.Metadata, entry);
        }

        var longest = new ProtobufMessage();
        longest.Add(OnnxSchema.Model.Metadata, one);
        byte[] noise = new byte[1 << 20];
        new Random(1).NextBytes(noise);
        foreach ((ProtobufMessage message, string named) in new[] { (longest, "a text has"), (many, "100 texts") })
        {
            message.Add(99, noise);
            using var onnx = new MemoryStream();
            message.WriteTo(onnx);
            byte[] zip = Zip((Entry, Prefixed(onnx.ToArray())));
            long before = GC.GetTotalAllocatedBytes();

            AssertRefused(zip, named);

            long allocated = GC.GetTotalAllocatedBytes() - before;
            Assert.IsLessThan(4L * zip.Length, allocated);
        }
    }

    [TestMethod]
    public void A_large_network_of_somebody_else_is_not_kept_in_memory()
    {
        byte[] weights = new byte[32 << 20];
        new Random(1).NextBytes(weights);
        var theirs = new ProtobufMessage();
        theirs.Add(OnnxSchema.Model.ProducerName, "pytorch");
        theirs.Add(OnnxSchema.Model.Graph, weights);
        using var onnx = new MemoryStream();
        theirs.WriteTo(onnx);
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("model"), Zip(("Theirs/OnnxModel", Prefixed(onnx.ToArray())), (Entry, Prefixed(Onnx()))));
        long before = GC.GetTotalAllocatedBytes();

        CollectionAssert.AreEqual(Names, _context.Model.LoadRePaViT(folder.File("model")).Model.ClassNames.ToArray());

        long allocated = GC.GetTotalAllocatedBytes() - before;
        Assert.IsLessThan(8 << 20, allocated);
    }

    [TestMethod]
    public void A_network_of_hardly_anything_but_zeros_comes_back_to_the_bit()
    {
        var architecture = new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 192, Depth = 2, Heads = 3, Classes = 2 };
        var weights = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in RandomWeights.Network(architecture, 1).Weights)
        {
            float[] values = [.. tensor.Data];
            weights.Add(name, new WeightTensor(tensor.Shape.Length == 2 ? [.. values.Select((value, i) => i % 50 == 0 ? value : 0)] : values, tensor.Shape));
        }

        var model = new RePaViTModel(architecture, NetworkForm.Trained, weights, Names);
        using var folder = new TemporaryFolder();
        model.Save(folder.File("onnx"), new OnnxFileOptions { Metadata = [new(ModelMetadata.Key, Metadata())] });
        byte[] onnx = File.ReadAllBytes(folder.File("onnx"));
        byte[] zip = Zip((Entry, Prefixed(onnx)));
        Assert.IsGreaterThan(8L * zip.Length, onnx.Length);
        File.WriteAllBytes(folder.File("zip"), zip);

        _context.Model.LoadRePaViT(folder.File("onnx")).SaveAsOnnx(folder.File("from onnx"));
        _context.Model.LoadRePaViT(folder.File("zip")).SaveAsOnnx(folder.File("from zip"));
        CollectionAssert.AreEqual(File.ReadAllBytes(folder.File("from onnx")), File.ReadAllBytes(folder.File("from zip")));
    }

    [TestMethod]
    public void Every_truncation_is_refused()
    {
        byte[] zip = Zip((Entry, Prefixed(Onnx())));
        for (int length = 0; length < zip.Length; length += 13)
        {
            AssertRefused(zip[..length], "");
        }
    }

    [TestMethod]
    public void Damaged_bytes_give_a_refusal_or_the_same_transformer()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.zip");
        byte[] onnx = Onnx();
        Damage.EveryByte(Zip((Entry, Prefixed(onnx))), 0xff, bytes =>
        {
            File.WriteAllBytes(path, bytes);
            _context.Model.LoadRePaViT(path).SaveAsOnnx(folder.File("model.onnx"));
            CollectionAssert.AreEqual(onnx, File.ReadAllBytes(folder.File("model.onnx")));
        });
    }

    [TestMethod]
    public void A_featurizer_refuses_the_same_files()
    {
        byte[] onnx = Onnx(metadata: null);
        byte[] zip = Zip((Entry, Prefixed(onnx)));
        AssertNoFeaturizer(Zip(), "holds no network of this library");
        AssertNoFeaturizer(Zip((Entry, Prefixed([]))), "holds no network of this library");
        AssertNoFeaturizer(Zip((Entry, Prefixed(onnx)), ("Other/OnnxModel", Prefixed(Onnx()))), "Other/OnnxModel");
        AssertNoFeaturizer(Zip((Entry, [.. Prefixed(onnx), 0])), "bytes follow");
        AssertNoFeaturizer(Zip((Entry, new byte[64 << 20])), "which weights never do");
        AssertNoFeaturizer([], "not accepted");
        for (int length = 0; length < zip.Length; length += 13)
        {
            AssertNoFeaturizer(zip[..length], "");
        }

        using var folder = new TemporaryFolder();
        string path = folder.File("model.zip");
        IDataView rows = _context.Data.LoadFromEnumerable(ImageRow.Create(1, Names));
        Damage.EveryByte(zip, 0xff, bytes =>
        {
            File.WriteAllBytes(path, bytes);
            _context.Transforms.RePaViTFeaturizer("Features", "Image", path).Fit(rows).Model.Save(folder.File("model.onnx"));
            CollectionAssert.AreEqual(onnx, File.ReadAllBytes(folder.File("model.onnx")));
        });
    }

    [TestMethod]
    public void A_network_of_somebody_else_is_passed_over()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.zip");
        File.WriteAllBytes(path, Zip(("Theirs/OnnxModel", new byte[4 << 20]), ("Broken/OnnxModel", [1]), (Entry, Prefixed(Onnx()))));
        CollectionAssert.AreEqual(Names, _context.Model.LoadRePaViT(path).Model.ClassNames.ToArray());
    }

    [TestMethod]
    public void Many_entries_unfold_to_no_more_than_one()
    {
        byte[] content = new byte[900_000];
        byte[] zip = Zip([.. Enumerable.Range(0, 1000).Select(i => ($"{i}/OnnxModel", content))]);
        long before = GC.GetTotalAllocatedBytes();

        AssertRefused(zip, "");

        long allocated = GC.GetTotalAllocatedBytes() - before;
        Assert.IsLessThan(150L * zip.Length, allocated);
    }

    [TestMethod]
    [DataRow("null")]
    [DataRow("{}")]
    [DataRow("{\"scoring\":null,\"keyType\":\"UInt32\",\"valueType\":null}")]
    [DataRow("\"keyType\":\"UInt32\"", "\"keyType\":\"Single\"")]
    [DataRow("\"keyType\":\"UInt32\"", "\"keyType\":null")]
    [DataRow("\"ReadOnlyMemory", "\"Memory")]
    [DataRow("\"valueType\":\"ReadOnlyMemory\\u00601\"", "\"valueType\":\"Int32\"")]
    [DataRow("\"kind\":\"file\"", "\"kind\":\"sound\"")]
    [DataRow("\"kind\":\"file\",\"height\":0", "\"kind\":\"image\",\"height\":-1")]
    [DataRow("\"kind\":\"file\",\"height\":0,\"width\":0", "\"kind\":\"pixels\",\"height\":2147483647,\"width\":3")]
    [DataRow("\"featureColumnName\":\"Image\"", "\"featureColumnName\":\"\"")]
    [DataRow("\"featureColumnName\":\"Image\",", "")]
    public void Wrong_metadata_are_refused(string part, string? wrong = null)
    {
        string json = Metadata();
        if (wrong is not null)
        {
            StringAssert.Contains(json, part, StringComparison.Ordinal);
        }

        AssertRefused(Onnx(wrong is null ? part : json.Replace(part, wrong, StringComparison.Ordinal)), "");
    }

    [TestMethod]
    public void Long_names_and_values_are_refused_in_few_words()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model.onnx");
        int refused = 0;
        foreach (string metadata in LongTokens.Each(Metadata()))
        {
            File.WriteAllBytes(path, Onnx(metadata));
            try
            {
                _context.Model.LoadRePaViT(path);
            }
            catch (InvalidDataException exception)
            {
                LongTokens.AssertShort(exception);
                refused++;
            }
        }

        Assert.IsGreaterThan(20, refused);
        string name = $"{new string('x', 30_000)}/OnnxModel";
        AssertRefused(Zip((name, [1, 2])), "bytes follow");
        AssertRefused(Zip((name, Prefixed([1, 2]))), "this ONNX file is not accepted");
        AssertRefused(Zip((name, Prefixed(Onnx())), (name, Prefixed(Onnx()))), "more than one classifier");
    }

    [TestMethod]
    public void A_class_name_that_is_long_and_no_number_is_refused_in_few_words()
    {
        string json = Metadata().Replace("\"valueType\":\"ReadOnlyMemory\\u00601\"", "\"valueType\":\"Int32\"", StringComparison.Ordinal);
        Assert.AreNotEqual(Metadata(), json);
        AssertRefused(Onnx(json, [new string('x', LongTokens.Length), "b"]), "not a value of type 'Int32'");
    }

    [TestMethod]
    public void Files_that_are_not_there_are_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsExactly<FileNotFoundException>(() => _context.Model.LoadRePaViT(folder.File("none")));
        Assert.ThrowsExactly<UnauthorizedAccessException>(() => _context.Model.LoadRePaViT(folder.Path));
        Assert.ThrowsExactly<ArgumentException>(() => _context.Model.LoadRePaViT(""));
        Assert.ThrowsExactly<ArgumentNullException>(() => _context.Model.LoadRePaViT(null!));
    }

    private static RePaViTModel Model(string[]? names = null)
    {
        var architecture = new ViTArchitecture
        {
            ImageSize = 4,
            PatchSize = 2,
            Dim = 2,
            Depth = 1,
            Heads = 1,
            Classes = 2,
            MlpRatio = 2,
            IdleRatio = 0.5,
        };
        return new RePaViTModel(
            architecture, NetworkForm.Trained, RandomWeights.Network(architecture, 1).Weights, names ?? Names).Reparameterize();
    }

    private string Metadata()
        => ModelMetadata.Of(new ImageClassificationRePaViTTransformer(
            _context, TestModel.Description, ClassKeys.FromNames(Names), Model())).ToEntry().Value;

    private byte[] Onnx() => Onnx(Metadata());

    private static byte[] Onnx(string? metadata, string[]? names = null)
    {
        using var folder = new TemporaryFolder();
        Model(names).Save(folder.File("model"), new OnnxFileOptions
        {
            Metadata = metadata is null ? [] : [new(ModelMetadata.Key, metadata)],
        });
        return File.ReadAllBytes(folder.File("model"));
    }

    private static byte[] Prefixed(byte[] onnx)
    {
        byte[] entry = [0, 0, 0, 0, .. onnx];
        BinaryPrimitives.WriteInt32LittleEndian(entry, onnx.Length);
        return entry;
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in entries)
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    private void AssertRefused(byte[] file, string named) => AssertRefused(file, named, path => _context.Model.LoadRePaViT(path));

    private void AssertNoFeaturizer(byte[] file, string named)
        => AssertRefused(file, named, path => _context.Transforms.RePaViTFeaturizer("Features", "Image", path));

    private static void AssertRefused(byte[] file, string named, Action<string> open)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("model");
        File.WriteAllBytes(path, file);

        var exception = Assert.ThrowsExactly<InvalidDataException>(() => open(path));
        StringAssert.StartsWith(exception.Message, path, StringComparison.Ordinal);
        StringAssert.Contains(exception.Message, named, StringComparison.Ordinal);
        LongTokens.AssertShort(exception);
    }
}
