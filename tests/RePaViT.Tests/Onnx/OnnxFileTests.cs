using System.Text;
using RePaViT.Networks;
using RePaViT.Onnx;
using RePaViT.Operators;
using RePaViT.Rewrites;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Onnx;

[TestClass]
public sealed class OnnxFileTests
{
    // Odd sizes, so that no two dimensions can be taken for each other, and more than one block of a transposition.
    private static readonly ViTArchitecture Odd = new()
    {
        ImageSize = 15,
        PatchSize = 5,
        Dim = 21,
        Depth = 3,
        Heads = 3,
        Classes = 7,
        MlpRatio = 2.5,
        IdleRatio = 0.4,
    };

    private static readonly ViTArchitecture Small = new()
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

    private static readonly MixerArchitecture OddMixer = new()
    {
        ImageSize = 15,
        PatchSize = 5,
        Dim = 21,
        Depth = 3,
        Classes = 7,
        TokenMlpRatio = 0.7,
        MlpRatio = 2.5,
        IdleRatio = 0.4,
    };

    private static readonly MixerArchitecture SmallMixer = new()
    {
        ImageSize = 4,
        PatchSize = 2,
        Dim = 2,
        Depth = 1,
        Classes = 2,
        MlpRatio = 2,
        IdleRatio = 0.5,
    };

    private static IEnumerable<object[]> Networks =>
    [
        [Odd, NetworkForm.Trained],
        [Odd, NetworkForm.Deployed],
        [Odd with { IdleRatio = 1 }, NetworkForm.Trained],
        [Odd with { IdleRatio = 1 }, NetworkForm.Deployed],
        [Odd with { IdleRatio = 0 }, NetworkForm.Trained],
        [Odd with { IdleRatio = null }, NetworkForm.Trained],
        [OddMixer, NetworkForm.Trained],
        [OddMixer, NetworkForm.Deployed],
        [OddMixer with { IdleRatio = null }, NetworkForm.Trained],
    ];

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void What_is_written_is_read_back_to_the_bit(Architecture architecture, NetworkForm form)
    {
        (ModelDescription description, Network network) = Create(architecture, form);
        using var folder = new TemporaryFolder();
        string path = folder.File("model.onnx");

        OnnxWriter.Write(path, description, network);
        byte[] bytes = File.ReadAllBytes(path);
        AssertEqual(description, network, OnnxReader.Read(path));

        using var stream = new MemoryStream();
        stream.Write("before"u8);
        OnnxWriter.Write(stream, description, network);
        CollectionAssert.AreEqual(bytes, stream.ToArray()["before"u8.Length..]);
        stream.Position = "before"u8.Length;
        AssertEqual(description, network, OnnxReader.Read(stream));
        Assert.AreEqual(1, folder.FileNames.Count());
    }

    [TestMethod]
    public void Everything_in_the_description_comes_back()
    {
        ViTArchitecture architecture = Small with { IdleRatio = null, ActiveChannels = [3], IdleHeuristic = IdleHeuristic.Linear };
        (ModelDescription description, Network network) = Create(architecture, NetworkForm.Deployed);
        description = description with
        {
            ClassNames = ["Käse \"1\"", ""],
            Preprocessing = new ImagePreprocessing
            {
                Mean = new Rgb(0.1f, 0.2f, 0.3f),
                StandardDeviation = new Rgb(0.4f, 0.5f, 0.6f),
                CropFraction = 0.875,
                Interpolation = Interpolation.Bilinear,
                ReducedSide = 300,
            },
        };

        AssertEqual(description, network, Read(Write(description, network)));
    }

    [TestMethod]
    public void Every_truncation_is_refused()
    {
        byte[] bytes = Sample();
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.ThrowsExactly<InvalidDataException>(() => Read(bytes[..length]), $"{length} bytes");
        }
    }

    [TestMethod]
    [DataRow((byte)0x01)]
    [DataRow((byte)0x02)]
    [DataRow((byte)0x04)]
    [DataRow((byte)0x08)]
    [DataRow((byte)0x10)]
    [DataRow((byte)0x20)]
    [DataRow((byte)0x40)]
    [DataRow((byte)0x80)]
    [DataRow((byte)0xff)]
    public void Every_damaged_byte_gives_a_refusal_or_the_same_network(byte damage)
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        Damage.EveryByte(Sample(), damage, bytes => AssertEqual(description, network, Read(bytes)));
    }

    [TestMethod]
    public void Damaged_weights_and_texts_are_noticed_by_the_hash()
    {
        byte[] weight = BitConverter.GetBytes(Create(Small, NetworkForm.Deployed).Network.Weights["blocks.0.mlp.fc1.weight"].Data[0]);
        AssertNoticed(weight, [(byte)(weight[0] ^ 1), .. weight[1..]]);
        AssertNoticed("\"0\",\"1\""u8, "\"0\",\"3\""u8);
        AssertNoticed("\"red\":0.485"u8, "\"red\":0.484"u8);

        static void AssertNoticed(ReadOnlySpan<byte> part, ReadOnlySpan<byte> damaged)
        {
            byte[] bytes = Sample();
            damaged.CopyTo(bytes.AsSpan(bytes.AsSpan().IndexOf(part)));
            AssertRefused(bytes, "hash");
        }
    }

    [TestMethod]
    public void A_hash_that_is_gone_is_noticed()
    {
        byte[] bytes = Sample();
        bytes[bytes.AsSpan().IndexOf("repavit.hash"u8)] ^= 1;
        AssertRefused(bytes, "hash");
    }

    [TestMethod]
    public void Other_metadata_of_ours_are_part_of_the_hash()
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        using var stream = new MemoryStream();
        OnnxWriter.Write(stream, description, network, new OnnxFileOptions { Metadata = [new("repavit.more", "text")] });
        byte[] bytes = stream.ToArray();
        bytes[bytes.AsSpan().IndexOf("text"u8)] ^= 1;

        AssertRefused(bytes, "hash");
    }

    [TestMethod]
    public void A_file_from_before_there_were_hashes_opens()
    {
        RePaViTModel model = RePaViTModel.Load(Path.Combine(Fixture.Folder, "WithoutHash", "model.onnx"));
        float[] probabilities = [.. model.Predict(TrainingRun.Dataset(12, seed: 1).GetImage(0)).Probabilities];
        Assert.IsTrue(
            Difference.Relative([0.33198443f, 0.36888075f, 0.29913476f], probabilities) <= 1e-6, string.Join(", ", probabilities));
    }

    [TestMethod]
    [DataRow("head.bias", 1, float.NaN, "'head.bias' holds NaN at index 1")]
    [DataRow("head.weight", 3, float.NegativeInfinity, "'head.weight' holds -Infinity at index 3")]
    [DataRow("blocks.0.mlp.fc2.weight", 4, float.NaN, "'blocks.0.mlp.fc2.weight' holds NaN at index 4")]
    [DataRow("blocks.0.mlp.norm1.running_var", 1, -0.5f, "'blocks.0.mlp.norm1.running_var' holds -0.5 at index 1")]
    public void A_number_that_no_weight_can_be_is_refused(string name, int index, float value, string named)
    {
        ViTArchitecture architecture = Small with { MlpRatio = 3 };
        (ModelDescription description, Network network) = Create(architecture, NetworkForm.Trained);
        var weights = new NamedTensors();
        foreach ((string other, WeightTensor tensor) in network.Weights)
        {
            float[] data = tensor.Data.ToArray();
            if (other == name)
            {
                data[index] = value;
            }

            weights.Add(other, new WeightTensor(data, tensor.Shape));
        }

        var graph = new OnnxGraph();
        foreach (TensorSpec spec in network.Layers.SelectMany(layer => layer.Tensors))
        {
            graph.AddWeight(spec, weights[spec.Name]);
        }

        var model = new ProtobufMessage();
        AddMetadata(model, NetworkMetadata.Create(description));
        model.Add(OnnxSchema.Model.Graph, graph.ToMessage("", ""));
        AssertRefused(Bytes(model), named);
        Assert.Contains(named, Assert.ThrowsExactly<ArgumentException>(() => Write(description, new Network(network.Layout, weights, network.Stage))).Message);
    }

    [TestMethod]
    public void Fields_may_stand_in_any_order_and_unknown_ones_are_passed()
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        var model = new ProtobufMessage();
        AddMetadata(model, NetworkMetadata.Create(description));
        model.Add(1000, "from a later version of the format");
        model.Add(1001, 1.5f);
        model.Add(OnnxSchema.Model.Graph, OnnxNetwork.CreateGraph(description.Architecture, network).ToMessage("", ""));

        AssertEqual(description, network, Read(Bytes(model)));
    }

    [TestMethod]
    public void Further_metadata_of_ours_are_read_and_change_nothing_else()
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        using var stream = new MemoryStream();
        OnnxWriter.Write(stream, description, network, new OnnxFileOptions { Metadata = [new("repavit.more", "text")] });

        stream.Position = 0;
        Assert.AreEqual("text", OnnxReader.ReadMetadata(stream, "test")["repavit.more"]);
        AssertEqual(description, network, Read(stream.ToArray()));
    }

    [TestMethod]
    public void A_file_of_another_program_has_no_metadata_of_ours()
    {
        var model = new ProtobufMessage();
        AddMetadata(model, [new("somebody", "else")]);
        using var stream = new MemoryStream(Bytes(model));

        Assert.IsEmpty(OnnxReader.ReadMetadata(stream, "test"));
    }

    [TestMethod]
    public void Texts_that_are_not_unicode_are_neither_read_nor_written()
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        var model = new ProtobufMessage();
        AddMetadata(model, NetworkMetadata.Create(description));
        model.Add(OnnxSchema.Model.Graph, OnnxNetwork.CreateGraph(description.Architecture, network).ToMessage("", ""));
        byte[] bytes = Bytes(model);
        bytes[bytes.AsSpan().IndexOf("\"0\",\"1\""u8) + 1] = 0xff;
        AssertRefused(bytes, "a text is not UTF-8");

        Assert.Throws<ArgumentException>(() => OnnxWriter.Write(
            Stream.Null, description, network, new OnnxFileOptions { Metadata = [new("repavit.more", "\ud800")] }));
    }

    [TestMethod]
    public void A_file_of_another_program_is_refused()
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        var model = new ProtobufMessage();
        model.Add(OnnxSchema.Model.Graph, OnnxNetwork.CreateGraph(description.Architecture, network).ToMessage("", ""));

        AssertRefused(Bytes(model), "was not written by RePaViT.MLNet");
        AssertRefused([], "was not written by RePaViT.MLNet");
        AssertRefused(Encoding.UTF8.GetBytes("This is a text, not a model."), "");
    }

    [TestMethod]
    [DataRow("2", "format version 2")]
    [DataRow("0", "'0'")]
    [DataRow("-1", "'-1'")]
    [DataRow("one", "'one'")]
    [DataRow("99999999999", "'99999999999'")]
    public void A_format_that_is_not_known_is_refused(string version, string named)
        => AssertRefused(WithMetadata(version, Description(Small, NetworkForm.Deployed).ToJson()), named);

    [TestMethod]
    [DataRow("\"family\":\"vit\"", "\"family\":\"cnn\"", "cnn")]
    [DataRow("\"family\":\"vit\",", "", "description")]
    [DataRow("\"dim\":2", "\"dim\":3", "patch_embed.proj.weight")]
    [DataRow("\"dim\":2", "\"dim\":2,\"dim\":2", "description")]
    [DataRow("\"dim\":2", "\"dim\":-2", "Dim -2")]
    [DataRow("\"dim\":2,", "", "dim")]
    [DataRow("\"dim\":2", "\"dim\":2,\"width\":2", "width")]
    [DataRow("\"form\":\"deployed\"", "\"form\":\"melted\"", "form")]
    [DataRow("\"form\":\"deployed\"", "\"form\":1", "form")]
    [DataRow("\"form\":\"deployed\"", "\"form\":\"Deployed\"", "trained or deployed")]
    [DataRow("\"form\":\"deployed\"", "\"form\":\"trained\"", "norm1")]
    [DataRow("\"depth\":1", "\"depth\":1.0", "$.architecture.depth is 1.0, but a 32-bit integer is needed")]
    [DataRow("\"depth\":1", "\"depth\":null", "$.architecture.depth is null")]
    [DataRow("\"mlpRatio\":2", "\"mlpRatio\":\"2\"", "$.architecture.mlpRatio is \"2\", but a number is needed")]
    [DataRow("\"activeChannels\":null", "\"activeChannels\":1", "$.architecture.activeChannels is 1, but a list is needed")]
    [DataRow("\"activeChannels\":null", "\"activeChannels\":[1e9]", "$.architecture.activeChannels is 1e9")]
    [DataRow("\"classNames\":[\"0\",\"1\"]", "\"classNames\":[\"0\",\"\\ud800\"]", "not Unicode")]
    [DataRow("\"red\":0.485", "\"red\":1e99", "three finite numbers")]
    [DataRow("\"reducedSide\":null", "\"reducedSide\":[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]", "...")]
    [DataRow("\"preprocessing\":", "\"\\ud800\":0,\"preprocessing\":", "not Unicode")]
    [DataRow("\"classNames\":[\"0\",\"1\"]", "\"classNames\":[\"0\"]", "ClassNames")]
    [DataRow("\"classNames\":[\"0\",\"1\"]", "\"classNames\":[\"0\",null]", "$.classNames is null, but a string is needed")]
    [DataRow("\"classNames\":[\"0\",\"1\"]", "\"classNames\":null", "classNames")]
    [DataRow("\"idleRatio\":0.5", "\"idleRatio\":1.5", "IdleRatio 1.5")]
    [DataRow("\"interpolation\":\"bicubic\"", "\"interpolation\":\"nearest\"", "interpolation")]
    [DataRow("\"cropFraction\":1", "\"cropFraction\":0", "CropFraction 0")]
    public void A_wrong_description_is_refused(string part, string wrong, string named)
        => AssertDescriptionRefused(Small, part, wrong, named);

    [TestMethod]
    [DataRow("\"family\":\"mixer\"", "\"family\":\"vit\"", "heads")]
    [DataRow("\"family\":\"mixer\"", "\"family\":\"Mixer\"", "\"mixer\"")]
    [DataRow("\"tokenMlpRatio\":0.5,", "", "tokenMlpRatio")]
    [DataRow("\"tokenMlpRatio\":0.5", "\"tokenMlpRatio\":1", "blocks.0.mlp_tokens.fc1.weight")]
    [DataRow("\"tokenMlpRatio\":0.5", "\"tokenMlpRatio\":-0.5", "TokenMlpRatio -0.5")]
    [DataRow("\"tokenMlpRatio\":0.5", "\"tokenMlpRatio\":1e999", "TokenMlpRatio Infinity")]
    [DataRow("\"tokenMlpRatio\":0.5", "\"tokenMlpRatio\":0.5,\"heads\":1", "heads")]
    [DataRow("\"patchSize\":2", "\"patchSize\":3", "PatchSize 3")]
    [DataRow("\"patchSize\":2", "\"patchSize\":1", "stem.proj.weight")]
    [DataRow("\"form\":\"deployed\"", "\"form\":\"trained\"", "norm1")]
    public void A_wrong_description_of_a_mixer_is_refused(string part, string wrong, string named)
        => AssertDescriptionRefused(SmallMixer, part, wrong, named);

    [TestMethod]
    public void A_tensor_that_does_not_fit_is_refused()
    {
        TensorSpec head = new("head.bias", TensorRole.Bias, 2);
        AssertRefused(WithTensor(head.Name, OnnxSchema.Tensor.FloatType, [2], new byte[8], times: 2), "'head.bias' occurs twice");
        AssertRefused(WithTensor(head.Name, OnnxSchema.Tensor.FloatType, [3], new byte[12]), "'head.bias' has shape [3]");
        AssertRefused(WithTensor(head.Name, OnnxSchema.Tensor.FloatType, [2, 1], new byte[8]), "'head.bias' has shape [2, 1]");
        AssertRefused(WithTensor(head.Name, OnnxSchema.Tensor.FloatType, [2], new byte[4]), "8 are needed");
        AssertRefused(WithTensor(head.Name, OnnxSchema.Tensor.FloatType, [2], null), "no raw data");
        AssertRefused(WithTensor(head.Name, OnnxSchema.Tensor.Int64Type, [2], new byte[8]), "data type 7");
        AssertRefused(WithTensor(head.Name, OnnxSchema.Tensor.FloatType, Enumerable.Repeat(1L, 100), new byte[8]), "dimensions");
        AssertRefused(WithTensor("other", OnnxSchema.Tensor.FloatType, [2], new byte[8]), "'head.bias' is missing");
    }

    [TestMethod]
    public void A_network_that_is_not_the_description_s_is_refused()
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        Network notFolded = RandomWeights.Network(Small, 1, NetworkForm.Deployed);
        Assert.ThrowsExactly<ArgumentException>(() => Write(description, notFolded));
        Assert.ThrowsExactly<ArgumentException>(() => Write(description with { Form = NetworkForm.Trained }, network));
        Assert.ThrowsExactly<ArgumentException>(() => Write(description with { ClassNames = ["a"] }, network));
    }

    [TestMethod]
    public void A_network_over_two_gibibytes_is_refused_before_anything_is_written()
    {
        // Every tensor of a shape is the same array, so the test needs little memory.
        var architecture = new ViTArchitecture { ImageSize = 16, Dim = 256, Depth = 700, Heads = 4, Classes = 2 };
        NetworkLayout layout = Folding.Fold(architecture.Layout(NetworkForm.Trained));
        var shared = new Dictionary<string, WeightTensor>();
        var weights = new NamedTensors();
        foreach (TensorSpec spec in layout.Layers.SelectMany(layer => layer.Tensors))
        {
            string shape = string.Join('x', spec.Shape);
            if (!shared.TryGetValue(shape, out WeightTensor? tensor))
            {
                shared[shape] = tensor = new WeightTensor(new float[spec.Length], spec.Shape);
            }

            weights.Add(spec.Name, tensor);
        }

        using var folder = new TemporaryFolder();
        var exception = Assert.ThrowsExactly<NotSupportedException>(() => OnnxWriter.Write(
            folder.File("model.onnx"), Description(architecture, NetworkForm.Trained), new Network(layout, weights, NetworkStage.Folded)));

        StringAssert.Contains(exception.Message, "2147483647", StringComparison.Ordinal);
        Assert.IsFalse(folder.FileNames.Any());
    }

    [TestMethod]
    public void Messages_name_the_file()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("broken.onnx");
        File.WriteAllBytes(path, [1, 2, 3]);
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => OnnxReader.Read(path));
        StringAssert.Contains(exception.Message, path, StringComparison.Ordinal);
    }

    private static ModelDescription Description(Architecture architecture, NetworkForm form) => new()
    {
        Architecture = architecture,
        Form = form,
        ClassNames = [.. Enumerable.Range(0, architecture.Classes).Select(i => $"{i}")],
        Preprocessing = new ImagePreprocessing(),
    };

    private static (ModelDescription Description, Network Network) Create(Architecture architecture, NetworkForm form)
    {
        ModelDescription description = Description(architecture, form);
        return (description, Folding.Fold(RandomWeights.Network(architecture, 1, form), description.Preprocessing));
    }

    private static byte[] Sample()
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        return Write(description, network);
    }

    private static byte[] Write(ModelDescription description, Network network)
    {
        using var stream = new MemoryStream();
        OnnxWriter.Write(stream, description, network);
        return stream.ToArray();
    }

    private static (ModelDescription Description, Network Network) Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return OnnxReader.Read(stream);
    }

    private static byte[] Bytes(ProtobufMessage message)
    {
        using var stream = new MemoryStream();
        message.WriteTo(stream);
        Assert.AreEqual(message.Length, stream.Length);
        return stream.ToArray();
    }

    private static void AddMetadata(ProtobufMessage model, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        foreach ((string key, string value) in metadata)
        {
            var entry = new ProtobufMessage();
            entry.Add(OnnxSchema.Entry.Key, key);
            entry.Add(OnnxSchema.Entry.Value, value);
            model.Add(OnnxSchema.Model.Metadata, entry);
        }
    }

    /// <summary>A file with a network, deployed, whatever its metadata say.</summary>
    private static byte[] WithMetadata(string version, string json, Architecture? architecture = null)
    {
        (ModelDescription description, Network network) = Create(architecture ?? Small, NetworkForm.Deployed);
        var model = new ProtobufMessage();
        AddMetadata(model, [new("repavit.format", version), new("repavit.model", json)]);
        model.Add(OnnxSchema.Model.Graph, OnnxNetwork.CreateGraph(description.Architecture, network).ToMessage("", ""));
        return Bytes(model);
    }

    /// <summary>A file with the network of <see cref="Small"/>, deployed, and another tensor for the bias of its head.</summary>
    private static byte[] WithTensor(string name, int type, IEnumerable<long> shape, byte[]? data, int times = 1)
    {
        (ModelDescription description, Network network) = Create(Small, NetworkForm.Deployed);
        var graph = new OnnxGraph();
        foreach (TensorSpec spec in network.Layers.SelectMany(layer => layer.Tensors).Where(spec => spec.Name != "head.bias"))
        {
            graph.AddWeight(spec, network.Weights[spec.Name]);
        }

        var tensor = new ProtobufMessage();
        foreach (long size in shape)
        {
            tensor.Add(OnnxSchema.Tensor.Dims, size);
        }

        tensor.Add(OnnxSchema.Tensor.DataType, type);
        tensor.Add(OnnxSchema.Tensor.Name, name);
        if (data is not null)
        {
            tensor.Add(OnnxSchema.Tensor.RawData, data);
        }

        ProtobufMessage graphMessage = graph.ToMessage("", "");
        for (int i = 0; i < times; i++)
        {
            graphMessage.Add(OnnxSchema.Graph.Initializer, tensor);
        }

        var model = new ProtobufMessage();
        AddMetadata(model, NetworkMetadata.Create(description));
        model.Add(OnnxSchema.Model.Graph, graphMessage);
        return Bytes(model);
    }

    private static void AssertDescriptionRefused(Architecture architecture, string part, string wrong, string named)
    {
        string json = Description(architecture, NetworkForm.Deployed).ToJson();
        StringAssert.Contains(json, part, StringComparison.Ordinal);
        AssertRefused(WithMetadata("1", json.Replace(part, wrong, StringComparison.Ordinal), architecture), named);
    }

    private static void AssertRefused(byte[] bytes, string named)
    {
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => Read(bytes));
        StringAssert.Contains(exception.Message, named, StringComparison.Ordinal);
    }

    private static void AssertEqual(
        ModelDescription description, Network network, (ModelDescription Description, Network Network) actual)
    {
        Assert.AreEqual(description with { ClassNames = [] }, actual.Description with { ClassNames = [] });
        CollectionAssert.AreEqual(description.ClassNames.ToArray(), actual.Description.ClassNames.ToArray());
        CollectionAssert.AreEqual(network.Layers.ToArray(), actual.Network.Layers.ToArray());
        Assert.AreEqual(network.Weights.Count, actual.Network.Weights.Count);
        foreach ((string name, WeightTensor tensor) in network.Weights)
        {
            Assert.IsTrue(tensor.Data.SequenceEqual(actual.Network.Weights[name].Data), name);
        }
    }
}
