using RePaViT.Networks;
using RePaViT.Rewrites;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Import;

/// <summary>The RePaViT reference's own files: its names are this library's.</summary>
[TestClass]
public sealed class ReferenceCheckpointTests
{
    private static readonly Architecture[] Families = [TrainingRun.Architecture, TrainingRun.Mixer, TrainingRun.Swin, TrainingRun.PoolFormer, TrainingRun.LVViT];

    public static IEnumerable<object[]> Architectures() =>
    [
        .. Families.Select(family => (object[])[family with { IdleRatio = 0.75 }]),
        .. Families.Select(family => (object[])[family with { IdleRatio = null }]),
        .. Families.Select(family => (object[])[family with { IdleRatio = 0.75, FeedForwardNorm = FeedForwardNorm.LayerNorm }]),
        .. Families.Select(family => (object[])[family with { IdleRatio = 0.75, FeedForwardNorm = FeedForwardNorm.None }]),
        .. Families.Select(family => (object[])[family with { IdleRatio = 0.75, FeedForwardStructure = FeedForwardStructure.Merged }]),
    ];

    [TestMethod]
    [DynamicData(nameof(Architectures))]
    public void Every_family_is_read_in_every_form(Architecture architecture)
    {
        // The reference's Mixer has as many active channels as tokens have channels, whatever the ratio.
        architecture = architecture is MixerArchitecture { IdleRatio: not null } mixer
            ? mixer with { ActiveChannels = [.. Enumerable.Repeat(mixer.Dim, mixer.Depth)] }
            : architecture;
        Network trained = RandomWeights.Network(architecture, seed: 3);
        Network[] forms = architecture.IsVanilla ? [trained] : [trained, FeedForwardMerging.Merge(trained)];
        foreach (Network network in forms)
        {
            using var folder = new TemporaryFolder();
            Safetensors.Write(folder.File("x.safetensors"), network.Weights);

            RePaViTModel model = RePaViTModel.LoadPretrained(
                folder.File("x.safetensors"), new PretrainedOptions { Heads = 3, ImageSize = architecture.ImageSize, IdleRatio = architecture.IdleRatio });

            Assert.AreEqual(network.Stage == NetworkStage.Merged ? NetworkForm.Deployed : NetworkForm.Trained, model.Form);
            CollectionAssert.AreEqual(
                Enumerable.Range(0, architecture.BlockCount).Select(architecture.ActiveChannelsOf).ToArray(),
                Enumerable.Range(0, architecture.BlockCount).Select(model.Architecture.ActiveChannelsOf).ToArray());
            Assert.AreEqual(network.Weights.Count, model.Weights.Count);
            foreach ((string name, WeightTensor tensor) in network.Weights)
            {
                CollectionAssert.AreEqual(tensor.Data.ToArray(), model.Weights[name].Data.ToArray(), name);
            }
        }
    }

    [TestMethod]
    public void Arguments_tell_the_idle_ratio_and_a_choice_the_weights()
    {
        using var folder = new TemporaryFolder();
        ViTArchitecture architecture = TrainingRun.Architecture with { IdleRatio = 0.7 };
        NamedTensors weights = RandomWeights.Network(architecture, seed: 4).Weights;
        NamedTensors average = RandomWeights.Network(architecture, seed: 5).Weights;
        WriteCheckpoint(folder.File("x.pth"), weights, average, ("idle_ratio", Float(0.7)), ("heuristic", Pickle.Text("static")));
        PretrainedReport? report = null;
        var options = new PretrainedOptions { Heads = 3, Report = found => report = found };

        RePaViTModel model = RePaViTModel.LoadPretrained(folder.File("x.pth"), options);
        Assert.AreEqual("model", report!.Section);
        CollectionAssert.AreEqual(new[] { "model_ema" }, report.OtherSections.ToArray());
        Assert.AreEqual(architecture with { ActiveChannels = model.Architecture.ActiveChannels }, model.Architecture);
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(weights), TrainingRun.Bytes(model.Weights), "model");

        model = RePaViTModel.LoadPretrained(folder.File("x.pth"), options with { Section = "model_ema" });
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(average), TrainingRun.Bytes(model.Weights), "model_ema");

        // 30 * 4 * (1 - 0.7) is 36 and a rounding error, which the reference rounds up.
        Assert.AreEqual((int)Math.Ceiling(120 * (1 - 0.7)), model.Architecture.ActiveChannelsOf(0));
    }

    [TestMethod]
    public void A_linear_heuristic_and_no_idle_channels_are_told_too()
    {
        using var folder = new TemporaryFolder();
        NamedTensors weights = RandomWeights.Network(TrainingRun.Architecture, seed: 4).Weights;
        var options = new PretrainedOptions { Heads = 3 };

        WriteCheckpoint(folder.File("x.pth"), weights, weights, ("idle_ratio", Float(0.75)), ("heuristic", Pickle.Text("linear")));
        Assert.AreEqual(IdleHeuristic.Linear, RePaViTModel.LoadPretrained(folder.File("x.pth"), options).Architecture.IdleHeuristic);

        WriteCheckpoint(folder.File("x.pth"), weights, weights, ("idle_ratio", Float(0.75)), ("channel_idle", [0x89]));
        Assert.AreEqual(0.0, RePaViTModel.LoadPretrained(folder.File("x.pth"), options).Architecture.IdleRatio);

        WriteCheckpoint(folder.File("x.pth"), weights, weights, ("lr", Float(0.75)));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(folder.File("x.pth"), options)).Message, "IdleRatio");
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(folder.File("x.pth"), options with { IdleRatio = 2 })).Message, "IdleRatio");
    }

    [TestMethod]
    public void A_weight_that_would_take_code_to_read_is_refused_by_its_type()
    {
        using var folder = new TemporaryFolder();
        NamedTensors weights = RandomWeights.Network(TrainingRun.Architecture, seed: 4).Weights;
        byte[] quantized = Pickle.Call(Pickle.Global("torch._utils", "_rebuild_qtensor"), Pickle.Tuple());
        File.WriteAllBytes(folder.File("x.pth"), PyTorchFiles.Archive(
            Pickle.Of(Pickle.Dictionary([.. Tensors(weights, "w").Where(item => item.Name != "blocks.1.attn.proj.weight"), ("blocks.1.attn.proj.weight", quantized)])),
            Storages(weights, "w")));

        string message = Assert.ThrowsExactly<InvalidDataException>(
            () => RePaViTModel.LoadPretrained(folder.File("x.pth"), new PretrainedOptions { Heads = 3, IdleRatio = 0.7 })).Message;

        StringAssert.Contains(message, "blocks.1.attn.proj.weight");
        StringAssert.Contains(message, "torch._utils._rebuild_qtensor");
    }

    [TestMethod]
    public void Values_beside_wrapped_tensors_may_have_any_name()
    {
        using var folder = new TemporaryFolder();
        Network network = RandomWeights.Network(TrainingRun.Architecture, seed: 4);
        byte[] inert = Pickle.Call(Pickle.Global("torch", "device"), Pickle.Tuple());
        File.WriteAllBytes(folder.File("x.pth"), PyTorchFiles.Archive(
            Pickle.Of(Pickle.Dictionary(
            [
                .. Tensors(network.Weights, "w").Select(item => ($"module.{item.Name}", item.Value)), ("module.place", inert), ("another place", inert), ("x", inert),
            ])),
            Storages(network.Weights, "w")));

        var model = RePaViTModel.LoadPretrained(folder.File("x.pth"), new PretrainedOptions { Heads = 3, IdleRatio = 0.7 });

        Assert.AreEqual(network.Weights["norm.bias"].Data[0], model.Weights["norm.bias"].Data[0]);
    }

    [TestMethod]
    public void Tensors_that_share_one_storage_over_and_over_are_refused()
    {
        // A network of 64 blocks, 12 million values, out of the values of one.
        var architecture = new ViTArchitecture { ImageSize = 8, PatchSize = 8, Dim = 128, Depth = 64, Heads = 2, Classes = 1, IdleRatio = null };
        const long Length = 4 * 128 * 128;
        (string, byte[])[] tensors =
        [
            .. architecture.Layers(NetworkForm.Trained).SelectMany(layer => layer.Tensors).Select(tensor =>
                (tensor.Name, Pickle.Tensor(Pickle.Storage("0", Length), 0, [.. tensor.Shape.Select(size => (long)size)], Strides(tensor.Shape)))),
        ];
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("x.pth"), PyTorchFiles.Archive(Pickle.Of(Pickle.Dictionary(tensors)), ("0", PyTorchFiles.Bytes(new float[Length]))));
        long before = GC.GetAllocatedBytesForCurrentThread();

        string message = Assert.ThrowsExactly<InvalidDataException>(
            () => RePaViTModel.LoadPretrained(folder.File("x.pth"), new PretrainedOptions { Heads = 2 })).Message;

        StringAssert.Contains(message, "share so many values");
        // A tenth of what the network would take.
        Assert.IsLessThan(12 * new FileInfo(folder.File("x.pth")).Length, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void WriteCheckpoint(string path, NamedTensors weights, NamedTensors average, params (string, byte[])[] arguments)
    {
        byte[] args = [.. Pickle.Global("argparse", "Namespace"), .. Pickle.EmptyTuple, 0x81, .. Pickle.Dictionary(arguments), (byte)'b'];
        byte[] scheduler = Pickle.Call(Pickle.Global("timm.scheduler", "CosineLRScheduler"), Pickle.EmptyTuple);
        File.WriteAllBytes(path, PyTorchFiles.Archive(
            Pickle.Of(Pickle.Dictionary(
                ("model_ema", Pickle.Dictionary(Tensors(average, "a"))), ("lr_scheduler", scheduler), ("epoch", Pickle.Number(299)),
                ("model", Pickle.Dictionary(Tensors(weights, "w"))), ("args", args))),
            [.. Storages(weights, "w"), .. Storages(average, "a")]));
    }

    private static (string Name, byte[] Value)[] Tensors(NamedTensors tensors, string key) =>
    [
        .. tensors.Select((tensor, index) => (tensor.Key, Pickle.Tensor(
            Pickle.Storage($"{key}{index}", tensor.Value.Length), 0, [.. tensor.Value.Shape.ToArray().Select(size => (long)size)], Strides(tensor.Value.Shape.ToArray())))),
    ];

    private static (string Key, byte[] Data)[] Storages(NamedTensors tensors, string key)
        => [.. tensors.Select((tensor, index) => ($"{key}{index}", PyTorchFiles.Bytes(tensor.Value.Data.ToArray())))];

    private static long[] Strides(int[] shape)
        => [.. shape.Select((_, dimension) => shape.Skip(dimension + 1).Aggregate(1L, (product, size) => product * size))];

    private static byte[] Float(double value)
    {
        byte[] bytes = BitConverter.GetBytes(value);
        Array.Reverse(bytes);
        return [(byte)'G', .. bytes];
    }
}
