using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using RePaViT.Layers;
using RePaViT.Onnx;
using RePaViT.Operators;
using RePaViT.Rewrites;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Refusals;

/// <summary>What every reader of files has to refuse, and how little it may do before.</summary>
[TestClass]
public sealed class FileTests
{
    private const string Safetensors = "weights.safetensors";
    private const string Onnx = "model.onnx";
    private const string OnnxOfMixer = "mixer.onnx";
    private const string Checkpoint = "checkpoint.safetensors";
    private const string Cifar10 = "test_batch.bin";
    private const string Cifar100 = "test.bin";
    private const string IdxImages = "images.idx3-ubyte";
    private const string IdxLabels = "labels.idx1-ubyte";
    private const string CompressedIdxImages = "images.idx3-ubyte.gz";

    /// <summary>Bytes that the layers, operators and tensors of 1024 blocks take, with some room.</summary>
    private const int DeepestNetwork = 7_000_000;

    internal static readonly ViTArchitecture Small = new()
    {
        ImageSize = 4, PatchSize = 2, Dim = 2, Depth = 1, Heads = 1, Classes = 2, MlpRatio = 2, IdleRatio = 0.5,
    };

    internal static readonly MixerArchitecture SmallMixer = new()
    {
        ImageSize = 4, PatchSize = 2, Dim = 2, Depth = 1, Classes = 2, MlpRatio = 2, IdleRatio = 0.5,
    };

    internal static readonly byte[] ImageBytes = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8];
    internal static readonly byte[] LabelBytes = [0, 0, 8, 1, 0, 0, 0, 2, 0, 1];

    private static IEnumerable<string[]> Formats =>
        [[Safetensors], [Onnx], [OnnxOfMixer], [Checkpoint], [Cifar10], [Cifar100], [IdxImages], [IdxLabels], [CompressedIdxImages]];

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void A_good_file_is_read(string name)
    {
        using TemporaryFolder folder = Create(name, Good(name));
        Read(folder, name);
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void A_file_that_is_not_there_is_named(string name)
    {
        using TemporaryFolder folder = Create(name, null);
        var exception = Assert.ThrowsExactly<FileNotFoundException>(() => Read(folder, name));
        StringAssert.Contains(exception.Message, name, StringComparison.Ordinal);
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void A_folder_in_its_place_is_named(string name)
    {
        using TemporaryFolder folder = Create(name, null);
        Directory.CreateDirectory(folder.File(name));
        var exception = Assert.Throws<SystemException>(() => Read(folder, name));
        Assert.IsTrue(exception is IOException or UnauthorizedAccessException, $"{exception}");
        StringAssert.Contains(exception.Message, name, StringComparison.Ordinal);
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [Timeout(60_000)]
    [DynamicData(nameof(Formats))]
    public void A_pipe_is_refused_and_not_waited_for(string name)
    {
        using TemporaryFolder folder = Create(name, null);
        SpecialFile.CreatePipe(folder.File(name));
        AssertNotOrdinary(name, () => Read(folder, name));

        File.Move(folder.File(name), folder.File("pipe"));
        File.CreateSymbolicLink(folder.File(name), "pipe");
        AssertNotOrdinary(name, () => Read(folder, name));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    [Timeout(60_000)]
    public void A_device_a_socket_and_a_pipe_of_class_names_are_refused()
    {
        using TemporaryFolder folder = Create(Cifar10, Good(Cifar10));
        AssertNotOrdinary("/dev/zero", () => RePaViTModel.Load("/dev/zero"));
        AssertNotOrdinary("/dev/zero", () => RePaViT.Safetensors.Read("/dev/zero"));
        AssertNotOrdinary("/dev/zero", () => IdxDataset.Read("/dev/zero", folder.File($"beside-{IdxLabels}")));

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder.File("socket")));
        AssertNotOrdinary("socket", () => RePaViTModel.Load(folder.File("socket")));

        SpecialFile.CreatePipe(folder.File("classes.txt"));
        AssertNotOrdinary("classes.txt", () => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Test));
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void Files_cut_off_anywhere_are_refused(string name)
    {
        byte[] good = Good(name);

        // The data of a gzip file are complete without the code that ends them and the 8 bytes that check them: then they are taken.
        int needed = name == CompressedIdxImages ? good.Length - 10 : good.Length;
        for (int length = 0; length < needed; length += 1 + good.Length / 50)
        {
            AssertRefused(name, good[..length]);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void Files_of_anything_are_refused(string name)
    {
        for (int seed = 0; seed < 100; seed++)
        {
            // Too short for a record of CIFAR, which may hold anything.
            byte[] bytes = new byte[new Random(seed).Next(1, 3000)];
            new Random(seed).NextBytes(bytes);
            AssertRefused(name, bytes);
        }

        AssertRefused(name, Encoding.UTF8.GetBytes("A text, of all things."));
        AssertRefused(name, new byte[1000]);
    }

    [TestMethod]
    [DynamicData(nameof(Formats))]
    public void Large_numbers_anywhere_are_not_believed(string name)
    {
        byte[] good = Good(name);
        byte[][] numbers = [[0x7f, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0x7f], [0xff, 0xff, 0xff, 0xff], "9999"u8.ToArray()];
        int step = 1 + good.Length / 100;
        using TemporaryFolder folder = Create(name, good);
        for (int position = 0; position <= good.Length - 4; position += step)
        {
            foreach (byte[] number in numbers)
            {
                byte[] bytes = [.. good];
                number.CopyTo(bytes, position);
                File.WriteAllBytes(folder.File(name), bytes);
                AssertModest(bytes.Length, () => Read(folder, name));
            }
        }
    }

    [TestMethod]
    [DataRow("\"imageSize\":4", "\"imageSize\":16384", "16384")]
    [DataRow("\"dim\":2", "\"dim\":65536", "Dim 65536")]
    [DataRow("\"dim\":2", "\"dim\":16384", "patch_embed.proj.weight")]
    [DataRow("\"depth\":1", "\"depth\":1024", "blocks.1.attn")]
    [DataRow("\"depth\":1", "\"depth\":2147483647", "Depth 2147483647")]
    [DataRow("\"heads\":1", "\"heads\":2147483647", "Heads 2147483647")]
    [DataRow("\"mlpRatio\":2", "\"mlpRatio\":1e300", "MlpRatio")]
    [DataRow("\"classes\":2", "\"classes\":2147483647", "Classes 2147483647")]
    [DataRow("\"activeChannels\":null", "\"activeChannels\":[2147483647]", "ActiveChannels 2147483647")]
    public void A_description_of_a_giant_is_refused_at_once(string part, string giant, string named)
        => AssertGiantRefused(Small, part, giant, named);

    [TestMethod]
    [DataRow("\"imageSize\":4", "\"imageSize\":16384", "16384")]
    [DataRow("\"dim\":2", "\"dim\":16384", "stem.proj.weight")]
    [DataRow("\"depth\":1", "\"depth\":1024", "blocks.1.mlp_tokens")]
    [DataRow("\"depth\":1", "\"depth\":2147483647", "Depth 2147483647")]
    [DataRow("\"tokenMlpRatio\":0.5", "\"tokenMlpRatio\":1e300", "TokenMlpRatio")]
    [DataRow("\"mlpRatio\":2", "\"mlpRatio\":1e300", "MlpRatio")]
    [DataRow("\"classes\":2", "\"classes\":2147483647", "Classes 2147483647")]
    public void A_description_of_a_giant_mixer_is_refused_at_once(string part, string giant, string named)
        => AssertGiantRefused(SmallMixer, part, giant, named);

    [TestMethod]
    public void Texts_of_millions_of_parts_cost_no_more_than_they_are_long()
    {
        const int Count = 300_000;
        string json = Model(Small).Description.ToJson();
        string names = string.Join(',', Enumerable.Repeat("\"\"", Count));
        AssertRefused(Onnx, OnnxWith(json.Replace("\"0\",\"1\"", names, StringComparison.Ordinal)));
        AssertRefused(Onnx, OnnxWith(new string('[', Count)));
        AssertRefused(Onnx, OnnxWith(json.Replace("null", $"[{string.Join(',', Enumerable.Repeat('0', Count))}]", StringComparison.Ordinal)));

        string members = string.Join(',', Enumerable.Range(0, Count).Select(i => $"\"{i}\":0"));
        AssertRefused(Onnx, OnnxWith($"{{{members},{json[1..]}"));
        AssertRefused(Safetensors, SafetensorsWith($"{{{members}}}"));
        string sizes = string.Join(',', Enumerable.Repeat('2', Count));
        AssertRefused(Safetensors, SafetensorsWith($"{{\"a\":{{\"dtype\":\"F32\",\"shape\":[{sizes}],\"data_offsets\":[0,4]}}}}"));
    }

    private static TemporaryFolder Create(string name, byte[]? bytes)
    {
        var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File($"beside-{IdxImages}"), ImageBytes);
        File.WriteAllBytes(folder.File($"beside-{IdxLabels}"), LabelBytes);
        if (bytes is not null)
        {
            File.WriteAllBytes(folder.File(name), bytes);
        }

        return folder;
    }

    private static void Read(TemporaryFolder folder, string name)
    {
        string path = folder.File(name);
        _ = name switch
        {
            Safetensors => (object)RePaViT.Safetensors.Read(path),
            Onnx or OnnxOfMixer => RePaViTModel.Load(path),
            Checkpoint => RePaViT.Training.Checkpoint.Read(path),
            Cifar10 => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Test),
            Cifar100 => CifarDataset.ReadCifar100(folder.Path, DatasetPart.Test),
            IdxLabels => IdxDataset.Read(folder.File($"beside-{IdxImages}"), path),
            _ => IdxDataset.Read(path, folder.File($"beside-{IdxLabels}")),
        };
    }

    private static byte[] Good(string name)
    {
        using var stream = new MemoryStream();
        switch (name)
        {
            case Safetensors:
                RePaViT.Safetensors.Write(stream, Model(Small).Weights, new Dictionary<string, string> { ["key"] = "value" });
                return stream.ToArray();
            case Onnx:
                Model(Small).Model.Save(stream);
                return stream.ToArray();
            case OnnxOfMixer:
                Model(SmallMixer).Model.Save(stream);
                return stream.ToArray();
            case Checkpoint:
                using (var folder = new TemporaryFolder())
                {
                    TrainingRun.Trainer(new SoftmaxBackend(), checkpoint: folder.File(name)).Fit(TrainingRun.Dataset(21, seed: 1));
                    return File.ReadAllBytes(folder.File(name));
                }

            case Cifar10:
                return new byte[1 + 3 * 32 * 32];
            case Cifar100:
                return new byte[2 + 3 * 32 * 32];
            case IdxLabels:
                return LabelBytes;
            case IdxImages:
                return ImageBytes;
            default:
                using (var gzip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true))
                {
                    gzip.Write(ImageBytes);
                }

                return stream.ToArray();
        }
    }

    private static (ModelDescription Description, NamedTensors Weights, RePaViTModel Model) Model(Architecture architecture)
    {
        NamedTensors weights = RandomWeights.Create(architecture.Layers(NetworkForm.Deployed), seed: 1);
        var description = new ModelDescription
        {
            Architecture = architecture,
            Form = NetworkForm.Deployed,
            ClassNames = ["0", "1"],
            Preprocessing = new ImagePreprocessing(),
        };
        return (description, weights, new RePaViTModel(architecture, NetworkForm.Deployed, weights, description.ClassNames));
    }

    private static void AssertGiantRefused(Architecture architecture, string part, string giant, string named)
    {
        string json = Model(architecture).Description.ToJson();
        StringAssert.Contains(json, part, StringComparison.Ordinal);
        byte[] bytes = OnnxWith(json.Replace(part, giant, StringComparison.Ordinal), architecture);
        StringAssert.Contains(AssertRefused(Onnx, bytes).Message, named, StringComparison.Ordinal);
    }

    private static byte[] OnnxWith(string json, Architecture? architecture = null)
    {
        var file = new ProtobufMessage();
        foreach ((string key, string value) in new[] { ("repavit.format", "1"), ("repavit.model", json) })
        {
            var entry = new ProtobufMessage();
            entry.Add(OnnxSchema.Entry.Key, key);
            entry.Add(OnnxSchema.Entry.Value, value);
            file.Add(OnnxSchema.Model.Metadata, entry);
        }

        // The weights of the network that the description is a distortion of.
        var graph = new OnnxGraph();
        IReadOnlyList<Layer> layers = Folding.Fold((architecture ?? Small).Layout(NetworkForm.Deployed)).Layers;
        NamedTensors weights = RandomWeights.Create(layers, seed: 1);
        foreach (TensorSpec spec in layers.SelectMany(layer => layer.Tensors))
        {
            graph.AddWeight(spec, weights[spec.Name]);
        }

        file.Add(OnnxSchema.Model.Graph, graph.ToMessage("", ""));
        using var stream = new MemoryStream();
        file.WriteTo(stream);
        return stream.ToArray();
    }

    private static byte[] SafetensorsWith(string header)
        => [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(header)), .. Encoding.UTF8.GetBytes(header), .. new byte[4]];

    private static InvalidDataException AssertRefused(string name, byte[] bytes)
    {
        using TemporaryFolder folder = Create(name, bytes);
        InvalidDataException exception = AssertModest(bytes.Length, () => Read(folder, name))
            ?? throw new AssertFailedException($"{name} of {bytes.Length} bytes was read.");
        StringAssert.Contains(exception.Message, name, StringComparison.Ordinal);
        return exception;
    }

    private static void AssertNotOrdinary(string name, Action read)
    {
        var exception = Assert.ThrowsExactly<InvalidDataException>(read);
        StringAssert.Contains(exception.Message, name, StringComparison.Ordinal);
        StringAssert.Contains(exception.Message, "an ordinary file", StringComparison.Ordinal);
    }

    /// <summary>Reads, and gives the refusal if it is one. Memory beyond a multiple of the file's length fails the test.</summary>
    private static InvalidDataException? AssertModest(long fileLength, Action read)
    {
        InvalidDataException? refusal = null;
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read();
        }
        catch (InvalidDataException exception)
        {
            refusal = exception;
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.IsTrue(allocated <= DeepestNetwork + 25 * fileLength, $"{allocated} bytes were allocated for {fileLength}.");
        return refusal;
    }
}
