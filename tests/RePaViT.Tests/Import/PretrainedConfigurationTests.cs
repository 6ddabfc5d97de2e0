using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>Files that timm and Hugging Face write beside weights.</summary>
[TestClass]
public sealed class PretrainedConfigurationTests
{
    private const string HuggingFace =
        """
        {"architectures": ["ViTForImageClassification"], "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 16,
        "patch_size": 8, "layer_norm_eps": 1e-06, "hidden_act": "gelu", "id2label": {"0": "cat", "1": "dog", "2": "owl"}}
        """;

    private const string Timm =
        """
        {"architecture": "vit_base_patch16_224", "num_classes": 3, "num_features": 8, "global_pool": "token", "label_names": ["a", "b", "c"],
        "pretrained_cfg": {"input_size": [3, 16, 16], "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "crop_pct": 0.95, "interpolation": "bilinear"}}
        """;

    [TestMethod]
    public void Hugging_Face_tells_heads_epsilon_and_classes()
    {
        RePaViTModel model = Load("huggingface_vit.safetensors", out PretrainedReport report, ("config.json", HuggingFace), ("preprocessor_config.json",
            """{"do_resize": true, "do_center_crop": true, "size": {"shortest_edge": 20}, "crop_size": {"height": 16, "width": 16}, "resample": 3, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6]}"""));

        Assert.AreEqual(1e-6, ((ViTArchitecture)model.Architecture).NormEpsilon);
        CollectionAssert.AreEqual(new[] { "cat", "dog", "owl" }, model.ClassNames.ToArray());
        var expected = new ImagePreprocessing
        {
            Mean = new(0.1f, 0.2f, 0.3f), StandardDeviation = new(0.4f, 0.5f, 0.6f), CropFraction = 0.8, Interpolation = Interpolation.Bicubic,
        };
        Assert.AreEqual(expected, model.Preprocessing);
        Assert.HasCount(2, report.ConfigurationFiles);
        Assert.IsEmpty(report.Assumptions);
    }

    [TestMethod]
    public void Sizes_without_a_crop_use_the_whole_image()
    {
        RePaViTModel model = Load("huggingface_vit.safetensors", out _, ("config.json", HuggingFace), ("preprocessor_config.json",
            """{"size": 224, "resample": 2, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}"""));

        Assert.AreEqual(1, model.Preprocessing.CropFraction);
        Assert.AreEqual(Interpolation.Bilinear, model.Preprocessing.Interpolation);
    }

    [TestMethod]
    public void Timm_tells_preprocessing_and_classes()
    {
        RePaViTModel model = Load("timm_vit.safetensors", out PretrainedReport report, ("config.json", Timm));

        CollectionAssert.AreEqual(new[] { "a", "b", "c" }, model.ClassNames.ToArray());
        var expected = new ImagePreprocessing
        {
            Mean = new(0.1f, 0.2f, 0.3f), StandardDeviation = new(0.4f, 0.5f, 0.6f), CropFraction = 0.95, Interpolation = Interpolation.Bilinear,
        };
        Assert.AreEqual(expected, model.Preprocessing);
        Assert.IsEmpty(report.Assumptions);
    }

    [TestMethod]
    public void Options_count_more()
    {
        var asked = new PretrainedOptions { Heads = 4, NormEpsilon = 1e-3, ClassNames = ["x", "y", "z"], Preprocessing = new() };

        RePaViTModel model = Load("huggingface_vit.safetensors", asked, ("config.json", HuggingFace));

        var vit = (ViTArchitecture)model.Architecture;
        Assert.AreEqual(4, vit.Heads);
        Assert.AreEqual(1e-3, vit.NormEpsilon);
        Assert.AreEqual("x", model.ClassNames[0]);
        Assert.AreEqual(new ImagePreprocessing(), model.Preprocessing);
    }

    [TestMethod]
    [DataRow("\"hidden_size\": 8", "\"hidden_size\": 16", "another network")]
    [DataRow("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "another network")]
    [DataRow("\"gelu\"", "\"gelu_new\"", "gelu_new")]
    [DataRow("\"num_attention_heads\": 2", "\"num_attention_heads\": 3", "Heads 3")]
    [DataRow("1e-06", "-1", "NormEpsilon")]
    public void What_fits_no_weights_is_refused(string text, string replacement, string named)
        => StringAssert.Contains(Refusal("huggingface_vit.safetensors", ("config.json", HuggingFace.Replace(text, replacement, StringComparison.Ordinal))), named);

    [TestMethod]
    [DataRow("\"token\"", "\"avg\"", "mean of its patches")]
    [DataRow("\"num_features\": 8", "\"num_features\": 9", "another network")]
    [DataRow("\"global_pool\"", "\"model_args\": {\"act_layer\": \"silu\"}, \"global_pool\"", "silu")]
    public void What_timm_computes_otherwise_is_refused(string text, string replacement, string named)
        => StringAssert.Contains(Refusal("timm_vit.safetensors", ("config.json", Timm.Replace(text, replacement, StringComparison.Ordinal))), named);

    [TestMethod]
    [DataRow("vit_base_patch16_224", "vit_base_patch16_clip_quickgelu_224")]
    [DataRow("\"global_pool\"", "\"model_args\": {\"act_layer\": \"quick_gelu\"}, \"global_pool\"")]
    public void Timm_tells_the_activation(string text, string replacement)
        => Assert.AreEqual(
            FeedForwardActivation.QuickGelu,
            ActivationOf(Load("timm_vit.safetensors", out _, ("config.json", Timm.Replace(text, replacement, StringComparison.Ordinal)))));

    [TestMethod]
    [DataRow("""{"model_type": "clip", "vision_config": {"hidden_size": 8, "num_attention_heads": 2}}""", FeedForwardActivation.QuickGelu)]
    [DataRow("""{"model_type": "clip_vision_model", "num_attention_heads": 2, "hidden_act": "gelu"}""", FeedForwardActivation.Gelu)]
    [DataRow("""{"vision_config": {"num_attention_heads": 2, "hidden_act": "quick_gelu"}}""", FeedForwardActivation.QuickGelu)]
    public void Hugging_Face_tells_the_activation_of_CLIP(string json, FeedForwardActivation activation)
        => Assert.AreEqual(activation, ActivationOf(Load("huggingface_clip.safetensors", new PretrainedOptions(), ("config.json", json))));

    [TestMethod]
    public void OpenCLIP_tells_the_activation_and_preprocessing()
    {
        const string Json =
            """
            {"model_cfg": {"embed_dim": 5, "quick_gelu": true, "vision_cfg": {"image_size": 16, "layers": 2, "width": 8, "head_width": 4}},
            "preprocess_cfg": {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}}
            """;

        RePaViTModel quick = Load("openclip.pth", new PretrainedOptions(), ("open_clip_config.json", Json));
        RePaViTModel plain = Load(
            "openclip.pth", new PretrainedOptions(), ("open_clip_config.json", Json.Replace("\"quick_gelu\": true, ", "", StringComparison.Ordinal)));

        Assert.AreEqual(FeedForwardActivation.QuickGelu, ActivationOf(quick));
        Assert.AreEqual(FeedForwardActivation.Gelu, ActivationOf(plain));
        Assert.AreEqual(2, ((ViTArchitecture)plain.Architecture).Heads);
        Assert.AreEqual(new Rgb(0.1f, 0.2f, 0.3f), plain.Preprocessing.Mean);
        Assert.AreEqual(new Rgb(0.4f, 0.5f, 0.6f), plain.Preprocessing.StandardDeviation);
        Assert.AreEqual(1, plain.Preprocessing.CropFraction);
    }

    [TestMethod]
    [DataRow("[]")]
    [DataRow("{")]
    [DataRow("")]
    [DataRow("{\"hidden_act\": \"\\ud800\"}")]
    public void A_damaged_file_is_named(string json)
        => StringAssert.Contains(Refusal("huggingface_vit.safetensors", ("config.json", json)), "config.json");

    [TestMethod]
    public void Members_of_other_kinds_say_nothing()
    {
        RePaViTModel model = Load("huggingface_vit.safetensors", new PretrainedOptions { Heads = 2 }, ("config.json",
            """{"hidden_size": "8", "num_hidden_layers": 2.5, "layer_norm_eps": null, "hidden_act": 7, "id2label": ["a"], "image_size": [16]}"""), ("preprocessor_config.json",
            """{"size": {"height": -1}, "crop_size": "x", "resample": 99, "image_mean": [0.5, "a", 0.5], "image_std": 1}"""));

        Assert.AreEqual(1e-12, ((ViTArchitecture)model.Architecture).NormEpsilon);
        Assert.AreEqual("0", model.ClassNames[0]);
    }

    [TestMethod]
    [Timeout(30_000, CooperativeCancellation = true)]
    public void Many_labels_are_looked_at_once()
    {
        string labels = string.Join(',', Enumerable.Range(0, 300_000).Select(label => $"\"{label}\":\"\""));

        RePaViTModel model = Load(
            "huggingface_vit.safetensors", new PretrainedOptions { Heads = 2 }, ("config.json", $"{{\"id2label\":{{{labels}}}}}"));

        Assert.AreEqual("0", model.ClassNames[0]);
    }

    private static FeedForwardActivation ActivationOf(RePaViTModel model) => ((ViTArchitecture)model.Architecture).FeedForwardActivation;

    private static RePaViTModel Load(string name, out PretrainedReport report, params (string Name, string Json)[] files)
    {
        PretrainedReport? found = null;
        RePaViTModel model = Load(name, new PretrainedOptions { Heads = name.StartsWith("timm", StringComparison.Ordinal) ? 2 : null, Report = it => found = it }, files);
        report = found!;
        return model;
    }

    private static RePaViTModel Load(string name, PretrainedOptions options, params (string Name, string Json)[] files)
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(PyTorchFiles.Folder, name), folder.File(name));
        foreach ((string file, string json) in files)
        {
            File.WriteAllText(folder.File(file), json);
        }

        return RePaViTModel.LoadPretrained(folder.File(name), options);
    }

    private static string Refusal(string name, params (string Name, string Json)[] files)
        => Assert.ThrowsExactly<InvalidDataException>(() => Load(name, out _, files)).Message;
}
