using RePaViT.Data;
using RePaViT.Import.Resampling;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

[TestClass]
public sealed class ImageSizeTests
{
    [TestMethod]
    [DataRow("timm_vit.safetensors", false)]
    [DataRow("timm_registers.safetensors", false)]
    [DataRow("deit3.safetensors", false)]
    [DataRow("timm_avgpool.safetensors", false)]
    [DataRow("torchvision_vit.pth", false)]
    [DataRow("huggingface_vit.safetensors", true)]
    [DataRow("huggingface_dinov2.safetensors", true)]
    public void Positions_of_patches_are_resampled_and_others_stay(string name, bool isPlain)
    {
        RePaViTModel there = Load(name);
        var vit = (ViTArchitecture)there.Architecture;
        int side = vit.ImageSize / vit.PatchSize;

        RePaViTModel here = Load(name, vit.ImageSize + 3 * vit.PatchSize);

        Assert.AreEqual(vit with { ImageSize = vit.ImageSize + 3 * vit.PatchSize }, here.Architecture);
        int prefix = (vit.Tokens - side * side) * vit.Dim;
        float[] before = there.Weights["pos_embed"].Data.ToArray();
        float[] after = here.Weights["pos_embed"].Data.ToArray();
        AxisTaps taps = isPlain ? AxisTaps.Cubic(side, side + 3) : AxisTaps.Antialiased(side, side + 3);
        CollectionAssert.AreEqual(before[..prefix], after[..prefix]);
        CollectionAssert.AreEqual(taps.Resample(before.AsSpan(prefix), side), after[prefix..]);
        foreach ((string tensor, WeightTensor values) in there.Weights.Where(pair => pair.Key != "pos_embed" && !pair.Key.StartsWith("head", StringComparison.Ordinal)))
        {
            Assert.IsTrue(values.Data.SequenceEqual(here.Weights[tensor].Data), tensor);
        }
    }

    [TestMethod]
    public void The_report_names_what_was_resampled()
    {
        CollectionAssert.AreEqual(new[] { "pos_embed" }, Report("timm_vit.safetensors", new() { Heads = 2, ImageSize = 40 }).ResampledTensors.ToArray());
        CollectionAssert.AreEqual(new[] { "pos_embed" }, Report("original_lvvit.safetensors", new() { Heads = 2, ImageSize = 32 }).ResampledTensors.ToArray());
        Assert.IsEmpty(Report("timm_vit.safetensors", new() { Heads = 2, ImageSize = 16 }).ResampledTensors);
        Assert.IsEmpty(Report("timm_swin.safetensors", new() { ImageSize = 64 }).ResampledTensors);
        CollectionAssert.AreEqual(
            new[] { "layers.0.blocks.0.attn.relative_position_bias_table", "layers.0.blocks.1.attn.relative_position_bias_table", "layers.1.blocks.0.attn.relative_position_bias_table" },
            Report("timm_swin.safetensors", new() { ImageSize = 64, Window = 4 }).ResampledTensors.ToArray());
    }

    [TestMethod]
    public void A_window_is_cut_down_to_a_smaller_map()
    {
        using var folder = new TemporaryFolder();
        SwinArchitecture large = new() { ImageSize = 32, Dim = 8, Depths = [2, 1], Heads = [2, 4], Window = 4, MlpRatio = 2, Classes = 3, IdleRatio = null };
        NamedTensors weights = RandomWeights.Network(large, seed: 8).Weights;
        Safetensors.Write(folder.File("x.safetensors"), weights);

        RePaViTModel model = RePaViTModel.LoadPretrained(folder.File("x.safetensors"), new PretrainedOptions { ImageSize = 24 });

        Assert.AreEqual(large with { ImageSize = 24 }, model.Architecture);
        const string First = "layers.0.blocks.1.attn.relative_position_bias_table";
        const string Last = "layers.1.blocks.0.attn.relative_position_bias_table";
        Assert.IsTrue(weights[First].Data.SequenceEqual(model.Weights[First].Data));
        CollectionAssert.AreEqual(RelativePositionTable.Resample(weights[Last].Data, 7, 5), model.Weights[Last].Data.ToArray());
    }

    [TestMethod]
    public void Sizes_that_no_network_can_have_are_refused()
    {
        StringAssert.Contains(Refusal("timm_vit.safetensors", new() { Heads = 2, ImageSize = 17 }), "ImageSize 17");
        StringAssert.Contains(Refusal("timm_vit.safetensors", new() { Heads = 2, ImageSize = 0 }), "ImageSize 0");
        StringAssert.Contains(Refusal("timm_vit.safetensors", new() { Heads = 2, ImageSize = 1 << 20 }), "ImageSize 1048576");
        StringAssert.Contains(Refusal("timm_swin.safetensors", new() { ImageSize = 16, Window = 0 }), "Window 0");

        using var folder = new TemporaryFolder();
        var mixer = new MixerArchitecture { ImageSize = 16, PatchSize = 8, Dim = 8, Depth = 1, Classes = 2, IdleRatio = null };
        Safetensors.Write(folder.File("x.safetensors"), RandomWeights.Network(mixer, seed: 8).Weights);
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(
                () => RePaViTModel.LoadPretrained(folder.File("x.safetensors"), new PretrainedOptions { ImageSize = 24 })).Message,
            "24 pixels");
    }

    private static RePaViTModel Load(string name, int? imageSize = null)
        => RePaViTModel.LoadPretrained(Path.Combine(PyTorchFiles.Folder, name), new PretrainedOptions { Heads = 2, ImageSize = imageSize });

    private static string Refusal(string name, PretrainedOptions options)
        => Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(Path.Combine(PyTorchFiles.Folder, name), options)).Message;

    private static PretrainedReport Report(string name, PretrainedOptions options)
    {
        PretrainedReport? report = null;
        RePaViTModel.LoadPretrained(Path.Combine(PyTorchFiles.Folder, name), options with { Report = found => report = found });
        return report ?? throw new AssertFailedException("There was no report.");
    }
}
