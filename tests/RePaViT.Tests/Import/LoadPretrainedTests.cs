using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Engines;
using RePaViT.Benchmarks.Verification;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>
/// Networks of two blocks: torchvision's own, and others whose names and logits were written out in PyTorch after the sources of
/// timm, DINOv2 and transformers.
/// </summary>
[TestClass]
public sealed class LoadPretrainedTests
{
    private static readonly PretrainedOptions TwoHeads = new() { Heads = 2 };

    [TestMethod]
    public void Networks_of_others_compute_what_they_do_there()
    {
        VerifyReport report = VerifyCommand.Run(PyTorchFiles.Folder, new ManagedEngine());

        Assert.AreEqual(22, report.Passed, string.Join('\n', report.Files));
        Assert.AreEqual(0, report.Failed);
    }

    [TestMethod]
    [DataRow("timm_vit.safetensors", "timm ViT", "")]
    [DataRow("timm_vit_legacy.pth", "timm ViT", "model")]
    [DataRow("timm_vit_half.pth", "timm ViT", "state_dict")]
    [DataRow("deit3.safetensors", "timm ViT", "")]
    [DataRow("huggingface_vit.safetensors", "Hugging Face ViT", "")]
    [DataRow("huggingface_dinov2.safetensors", "Hugging Face DINOv2", "")]
    [DataRow("torchvision_vit.pth", "torchvision ViT", "")]
    [DataRow("deit_distilled.pth", "timm ViT", "model")]
    [DataRow("openai_clip.pt", "OpenAI or OpenCLIP, CLIP", "")]
    [DataRow("original_lvvit.safetensors", "original LV-ViT", "")]
    [DataRow("reference_layernorm.pth", "RePaViT reference, ViT", "model")]
    public void The_report_says_what_was_found(string name, string source, string section)
    {
        PretrainedReport report = Report(name, TwoHeads);

        Assert.AreEqual(source, report.Source);
        Assert.AreEqual(section, report.Section);
        Assert.IsEmpty(report.OtherSections);
        Assert.IsEmpty(report.ConfigurationFiles);
        StringAssert.Contains(string.Join(' ', report.Assumptions), "prepared as usual");
        Assert.AreEqual(name.Contains("dinov2", StringComparison.Ordinal), report.HasNewHead);
    }

    [TestMethod]
    [DataRow("timm_vit.safetensors", "pre_logits.fc.weight")]
    [DataRow("huggingface_dinov2.safetensors", "embeddings.mask_token")]
    [DataRow("openai_clip.pt", "input_resolution")]
    [DataRow("openai_clip.pt", "transformer.resblocks.0.mlp.c_fc.weight")]
    [DataRow("openai_clip.pt", "logit_scale")]
    [DataRow("original_swin.safetensors", "layers.0.blocks.1.attn_mask")]
    [DataRow("torchvision_swin.pth", "features.1.0.attn.relative_position_index")]
    public void Tensors_that_nothing_depends_on_are_named(string name, string tensor)
        => CollectionAssert.Contains(Report(name, new PretrainedOptions { Heads = 2, ImageSize = 16 }).UnusedTensors.ToArray(), tensor);

    [TestMethod]
    public void Shapes_tell_the_architecture()
    {
        var vit = (ViTArchitecture)Load("timm_registers.safetensors", TwoHeads).Architecture;
        var expected = new ViTArchitecture
        {
            ImageSize = 16, PatchSize = 8, Dim = 8, Depth = 2, Heads = 2, MlpRatio = 2, Classes = 1, IdleRatio = null,
            PatchBias = true, OmitsTokenNorm = true, NormEpsilon = 1e-6, RegisterTokens = 2,
        };
        Assert.AreEqual(expected, vit);
        Assert.AreEqual(expected with { Classes = 3, RegisterTokens = 0, AveragePooling = true }, Load("timm_avgpool.safetensors", TwoHeads).Architecture);
        Assert.AreEqual(
            expected with { Classes = 3, RegisterTokens = 3, AveragePooling = true }, Load("timm_avgpool_class.safetensors", TwoHeads).Architecture);
        Assert.AreEqual(
            expected with { Classes = 3, RegisterTokens = 0, DistillationToken = true }, Load("deit_distilled.pth", TwoHeads).Architecture);

        // The mask of shifted windows tells the size of the image.
        Assert.AreEqual(
            new SwinArchitecture { ImageSize = 16, Dim = 8, Depths = [2, 1], Heads = [2, 4], Window = 2, MlpRatio = 2, Classes = 3, IdleRatio = null },
            Load("original_swin.safetensors").Architecture);
    }

    [TestMethod]
    public void Towers_of_CLIP_project_images_and_nothing_but_a_TorchScript_archive_tells_their_activation()
    {
        PretrainedReport? report = null;
        RePaViTModel model = Load("openai_clip.pt", TwoHeads with { Report = found => report = found });

        var expected = new ViTArchitecture
        {
            ImageSize = 16, PatchSize = 8, Dim = 8, Depth = 2, Heads = 2, MlpRatio = 2, Classes = 5, IdleRatio = null,
            NormEpsilon = 1e-5, FeedForwardActivation = FeedForwardActivation.QuickGelu,
        };
        Assert.AreEqual(expected, model.Architecture);
        Assert.IsFalse(report!.HasNewHead);
        StringAssert.Contains(string.Join(' ', report.Assumptions), "5 coordinates of the space");
        StringAssert.Contains(string.Join(' ', report.Assumptions), "TorchScript");
        foreach (string name in new[] { "openclip.pth", "huggingface_clip.safetensors" })
        {
            StringAssert.Contains(Refusal(name, TwoHeads), "FeedForwardActivation");
            Assert.AreEqual(
                expected with { FeedForwardActivation = FeedForwardActivation.Gelu },
                Load(name, TwoHeads with { FeedForwardActivation = FeedForwardActivation.Gelu }).Architecture);
        }
    }

    [TestMethod]
    [DataRow("timm_vit.safetensors", "Heads")]
    [DataRow("torchvision_swin.pth", "ImageSize")]
    public void What_no_shape_tells_is_asked_for(string name, string option)
        => StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => Load(name)).Message, option);

    [TestMethod]
    public void Options_that_do_not_fit_are_refused()
    {
        StringAssert.Contains(Refusal("timm_vit.safetensors", TwoHeads with { IdleRatio = 0.5 }), "IdleRatio");
        StringAssert.Contains(
            Refusal("timm_vit.safetensors", TwoHeads with { FeedForwardActivation = (FeedForwardActivation)7 }), "FeedForwardActivation 7");
        StringAssert.Contains(Refusal("original_lvvit.safetensors", TwoHeads with { ImageSize = 20 }), "ImageSize 20");
        StringAssert.Contains(Refusal("timm_vit.safetensors", TwoHeads with { Window = 4 }), "Window");
        StringAssert.Contains(Refusal("original_lvvit.safetensors", TwoHeads with { NormEpsilon = 1e-4 }), "NormEpsilon");
        StringAssert.Contains(
            Refusal("original_swin.safetensors", new PretrainedOptions { FeedForwardActivation = FeedForwardActivation.QuickGelu }), "only ViTs");
        StringAssert.Contains(Refusal("timm_vit.safetensors", new PretrainedOptions { Heads = 3 }), "Heads 3");
        StringAssert.Contains(Refusal("timm_vit.safetensors", TwoHeads with { Section = "model" }), "Section");
        StringAssert.Contains(Refusal("timm_vit.safetensors", TwoHeads with { NormEpsilon = 0 }), "NormEpsilon");
        StringAssert.Contains(Refusal("timm_vit.safetensors", TwoHeads with { ClassNames = [] }), "Classes");
        StringAssert.Contains(Refusal("timm_vit.safetensors", TwoHeads with { Preprocessing = new() { CropFraction = 2 } }), "CropFraction");
    }

    [TestMethod]
    [DataRow("timm_vit.safetensors")]
    [DataRow("deit_distilled.pth")]
    [DataRow("original_lvvit.safetensors")]
    public void Other_classes_get_a_new_head_and_the_same_features(string name)
    {
        RePaViTModel there = Load(name, TwoHeads);
        RePaViTModel here = Load(name, TwoHeads with { ClassNames = ["cat", "dog"] });

        CollectionAssert.AreEqual(new[] { "0", "1", "2" }, there.ClassNames.ToArray());
        CollectionAssert.AreEqual(new[] { "cat", "dog" }, here.ClassNames.ToArray());
        Assert.AreEqual(2, here.Architecture.Classes);
        Assert.IsTrue(Report(name, TwoHeads with { ClassNames = ["cat", "dog"] }).HasNewHead);
        float[] images = RandomWeights.Floats(3 * 16 * 16, 5);
        CollectionAssert.AreEqual(Features(there), Features(here));

        float[] Features(RePaViTModel model)
        {
            float[] features = new float[8];
            model.CreateExtractor().Compute(images, features);
            return features;
        }
    }

    [TestMethod]
    public void A_model_is_saved_and_loaded_as_any_other()
    {
        foreach (string name in new[] { "timm_registers.safetensors", "timm_avgpool_class.safetensors", "deit_distilled.pth", "openai_clip.pt", "original_lvvit.safetensors" })
        {
            RePaViTModel model = Load(name, TwoHeads);
            using var stream = new MemoryStream();
            model.Save(stream);
            stream.Position = 0;
            RePaViTModel again = RePaViTModel.Load(stream);

            Assert.AreEqual(model.Architecture, again.Architecture);
            float[] images = [.. RandomWeights.Floats(2 * 3 * 16 * 16, 6).Select(value => Math.Clamp(128 + 60 * value, 0, 255))];
            float[] expected = new float[2 * model.Architecture.Classes];
            float[] actual = new float[expected.Length];
            model.ComputeLogits(images, expected);
            again.ComputeLogits(images, actual);
            CollectionAssert.AreEqual(expected, actual, name);
            Assert.AreEqual(model.Weights.Count, again.Weights.Count);
        }
    }

    [TestMethod]
    public void Sections_are_chosen_by_name()
    {
        byte[] zeros = PyTorchFiles.Bytes(new float[4]);
        byte[] section = Pickle.Dictionary(("w", Pickle.Tensor(Pickle.Storage("0", 4), 0, [4], [1])));
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("x.pth"), PyTorchFiles.Archive(Pickle.Of(Pickle.Dictionary(("student", section), ("teacher", section))), ("0", zeros)));

        string message = Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(folder.File("x.pth"))).Message;
        StringAssert.Contains(message, "'student', 'teacher'");
        StringAssert.Contains(message, "Section");
        message = Assert.ThrowsExactly<InvalidDataException>(
            () => RePaViTModel.LoadPretrained(folder.File("x.pth"), new PretrainedOptions { Section = "teacher" })).Message;
        StringAssert.Contains(message, "are not known");
        StringAssert.Contains(message, "timm ViT");
    }

    [TestMethod]
    [DataRow("blocks.1.attn.proj.bias", null, "blocks.1.attn.proj.bias")]
    [DataRow("norm.weight", null, "norm.weight")]
    [DataRow("cls_token", null, "no class token")]
    [DataRow(null, "blocks.0.attn.q_norm.weight", "blocks.0.attn.q_norm.weight")]
    [DataRow(null, "absolute_pos_embed", "absolute_pos_embed")]
    [DataRow(null, "dist_token", "positions")]
    [DataRow(null, "fc_norm.weight", "before and after pooling")]
    [DataRow(null, "norm_pre.weight", "FeedForwardActivation")]
    public void A_tensor_more_or_less_is_refused_by_name(string? removed, string? added, string named)
    {
        using var folder = new TemporaryFolder();
        var tensors = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in Safetensors.Read(Path.Combine(PyTorchFiles.Folder, "timm_vit.safetensors")).Tensors)
        {
            if (name != removed)
            {
                tensors.Add(name, tensor);
            }
        }

        if (added is not null)
        {
            tensors.Add(added, new WeightTensor(new float[8], 8));
        }

        Safetensors.Write(folder.File("x.safetensors"), tensors);

        string message = Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(folder.File("x.safetensors"), TwoHeads)).Message;
        StringAssert.Contains(message, named);
        StringAssert.Contains(message, folder.File("x.safetensors"));
    }

    [TestMethod]
    public void Queries_keys_and_values_without_a_bias_have_none()
    {
        using var folder = new TemporaryFolder();
        var tensors = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in Safetensors.Read(Path.Combine(PyTorchFiles.Folder, "timm_vit.safetensors")).Tensors)
        {
            if (!name.EndsWith("qkv.bias", StringComparison.Ordinal))
            {
                tensors.Add(name, tensor);
            }
        }

        Safetensors.Write(folder.File("x.safetensors"), tensors);

        RePaViTModel model = RePaViTModel.LoadPretrained(folder.File("x.safetensors"), TwoHeads);

        Assert.IsTrue(model.Weights["blocks.1.attn.qkv.bias"].Data.ToArray().All(value => value == 0));
    }

    [TestMethod]
    public void Parts_of_a_tensor_have_shapes_that_fit()
    {
        using var folder = new TemporaryFolder();
        var tensors = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in Safetensors.Read(Path.Combine(PyTorchFiles.Folder, "huggingface_vit.safetensors")).Tensors)
        {
            tensors.Add(name, name.EndsWith("layer.1.attention.attention.key.weight", StringComparison.Ordinal) ? new WeightTensor([1]) : tensor);
        }

        Safetensors.Write(folder.File("x.safetensors"), tensors);

        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(folder.File("x.safetensors"), TwoHeads)).Message, "key");
    }

    [TestMethod]
    public void Values_that_no_network_can_have_are_refused()
    {
        using var folder = new TemporaryFolder();
        var tensors = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in Safetensors.Read(Path.Combine(PyTorchFiles.Folder, "timm_vit.safetensors")).Tensors)
        {
            tensors.Add(name, name == "head.bias" ? new WeightTensor([1, float.NaN, 1], 3) : tensor);
        }

        Safetensors.Write(folder.File("x.safetensors"), tensors);

        string message = Assert.ThrowsExactly<InvalidDataException>(() => RePaViTModel.LoadPretrained(folder.File("x.safetensors"), TwoHeads)).Message;
        StringAssert.Contains(message, "head.bias");
    }

    private static RePaViTModel Load(string name, PretrainedOptions? options = null)
        => RePaViTModel.LoadPretrained(Path.Combine(PyTorchFiles.Folder, name), options);

    private static string Refusal(string name, PretrainedOptions options)
        => Assert.ThrowsExactly<InvalidDataException>(() => Load(name, options)).Message;

    private static PretrainedReport Report(string name, PretrainedOptions options)
    {
        PretrainedReport? report = null;
        Load(name, options with { Report = found => report = found });
        return report ?? throw new AssertFailedException("There was no report.");
    }
}
