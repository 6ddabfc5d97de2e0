using RePaViT.Tests.Support;
using static RePaViT.Tests.Clip.ClipFixture;

namespace RePaViT.Tests.Clip;

/// <summary>Both towers of CLIP, against the public implementation (Fixtures/Clip), and classifiers out of names.</summary>
[TestClass]
public sealed class ClipModelTests
{
    /// <summary>Floats, in another order of additions than PyTorch's.</summary>
    private const double Tolerance = 1e-5;

    private const string HuggingFaceConfiguration = """
        {
          "model_type": "clip",
          "text_config": { "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2 },
          "vision_config": { "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": 32 }
        }
        """;

    private const string OpenClipConfiguration = """
        {
          "model_cfg": {
            "embed_dim": 32,
            "vision_cfg": { "image_size": 32, "layers": 1, "width": 64, "head_width": 64, "patch_size": 8 },
            "text_cfg": { "context_length": 12, "vocab_size": 300, "width": 64, "heads": 2, "layers": 2 }
          },
          "preprocess_cfg": { "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5] }
        }
        """;

    public static IEnumerable<object?[]> Files() =>
    [
        ["openai.pt", null, null],
        ["openclip.safetensors", "open_clip_config.json", OpenClipConfiguration],
        ["huggingface.safetensors", "config.json", HuggingFaceConfiguration],
    ];

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Both_towers_compute_what_the_public_implementation_does(string name, string? configurationName, string? configuration)
    {
        (ClipModel model, SafetensorsFile expected) = Load(name, configurationName, configuration);
        string[] texts = [.. Enumerable.Range(0, 6).Select(text => $"{text}")];
        float[] images = expected.Tensors["input"].ToArray();

        AssertClose(expected.Tensors["text_embeddings"], [.. model.EmbedTexts(texts).SelectMany(vector => vector)]);
        float[] embeddings = new float[3 * 32];
        model.ImageTower.CreateExtractor("embedding").Compute(images, embeddings);
        AssertClose(expected.Tensors["image_embeddings"], embeddings);

        RePaViTModel classifier = model.CreateClassifier(texts, ["{}"]);
        float[] logits = new float[3 * 6];
        classifier.ComputeLogits(images, logits);
        AssertClose(expected.Tensors["logits_per_image"], logits);
        CollectionAssert.AreEqual(texts, classifier.ClassNames.ToArray());
        CollectionAssert.AreEqual(new[] { "stage1", "features", "embedding", "logits" }, classifier.Outputs.ToArray());
        Assert.AreEqual(32, ((ViTArchitecture)classifier.Architecture).ProjectionDim);
    }

    [TestMethod]
    public void A_classifier_is_saved_and_loaded_as_any_other_and_gives_embeddings_too()
    {
        (ClipModel model, SafetensorsFile expected) = Load("openai.pt");
        RePaViTModel classifier = model.CreateClassifier(["1", "4"], ["{}"]);
        using var folder = new TemporaryFolder();
        classifier.Save(folder.File("model.onnx"));
        classifier.SaveWeights(folder.File("model.safetensors"));

        float[] images = expected.Tensors["input"].ToArray();
        float[] logits = new float[3 * 2];
        classifier.ComputeLogits(images, logits);
        foreach (RePaViTModel again in new[]
        {
            RePaViTModel.Load(folder.File("model.onnx")), RePaViTModel.LoadPretrained(folder.File("model.safetensors")),
        })
        {
            Assert.AreEqual(classifier.Architecture, again.Architecture);
            CollectionAssert.AreEqual(classifier.ClassNames.ToArray(), again.ClassNames.ToArray());
            float[] loaded = new float[logits.Length];
            again.ComputeLogits(images, loaded);
            AssertClose(new WeightTensor(logits, logits.Length), loaded);
            float[] embeddings = new float[3 * 32];
            again.CreateExtractor("embedding").Compute(images, embeddings);
            AssertClose(expected.Tensors["image_embeddings"], embeddings);
        }

        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => classifier.SaveWeights(folder.File("timm.safetensors"), WeightNaming.Timm)).Message,
            "ProjectionDim");
    }

    [TestMethod]
    public void A_class_is_the_mean_of_its_sentences_at_length_1_times_the_scale()
    {
        (ClipModel model, _) = Load("openai.pt");
        NamedTensors weights = model.CreateClassifier(["1", "2"], ["{}", "{} {}", "{}."]).Weights;

        double[][] texts = [.. model.EmbedTexts(["1", "1 1", "1.", "2", "2 2", "2."]).Select(vector => Array.ConvertAll(vector, value => (double)value))];

        // The logarithm of the scale is 2.4 in 16 bits.
        double scale = Math.Exp((double)(Half)2.4);
        for (int label = 0; label < 2; label++)
        {
            double[] mean = [.. Enumerable.Range(0, 32).Select(i => texts.Skip(3 * label).Take(3).Average(vector => vector[i]))];
            double length = Math.Sqrt(mean.Sum(value => value * value));
            double[] vector = [.. mean.Select(value => value / length * scale)];
            Assert.IsTrue(Difference.Relative(vector, weights["head.weight"].Data.Slice(32 * label, 32)) <= Tolerance);
        }
    }

    [TestMethod]
    public void What_stands_behind_the_end_of_a_text_or_beside_it_changes_nothing()
    {
        (ClipModel model, _) = Load("openai.pt");
        (ClipModel padded, _) = Load("openai.pt", isPadded: true);
        string[] texts = [.. Enumerable.Range(0, 150).Select(text => $"{text % 6}")];
        float[][] expected = [.. Enumerable.Range(0, 6).Select(text => model.EmbedTexts([$"{text}"])[0])];

        foreach (IReadOnlyList<float[]> vectors in new[] { model.EmbedTexts(texts), padded.EmbedTexts(texts) })
        {
            for (int text = 0; text < texts.Length; text++)
            {
                CollectionAssert.AreEqual(expected[text % 6], vectors[text], $"{text}");
            }
        }

        Assert.IsEmpty(model.EmbedTexts([]));
    }

    [TestMethod]
    public void Classes_can_be_fitted_to_its_features_as_to_those_of_any_model()
    {
        (ClipModel model, _) = Load("openai.pt");
        var photos = new InMemoryImageDataset(
            Enumerable.Range(0, 8).Select(seed => TestImages.Random(40, 32, seed)), [.. Enumerable.Range(0, 8).Select(i => i % 2)], ["a", "b"]);

        RePaViTModel fitted = new TransferLearning(
            model.CreateClassifier(["1", "2"], ["{}"]), new TransferOptions { Method = TransferMethod.Linear, Views = 1 }).Fit(photos).Model;

        Assert.IsNull(((ViTArchitecture)fitted.Architecture).ProjectionDim);
        CollectionAssert.AreEqual(new[] { "a", "b" }, fitted.ClassNames.ToArray());
    }

    [TestMethod]
    public void The_report_tells_of_both_towers()
    {
        PretrainedReport? report = null;
        ClipModel.LoadPretrained(PathOf("openai.pt"), Digits("openai.pt"), new PretrainedOptions { Heads = 1, Report = found => report = found });

        CollectionAssert.AreEquivalent(new[] { "input_resolution", "context_length", "vocab_size" }, report!.UnusedTensors.ToArray());
        StringAssert.Contains(string.Join(' ', report.Assumptions), "QuickGelu");
    }

    [TestMethod]
    public void What_cannot_be_read_is_refused()
    {
        StringAssert.Contains(Refusal("openclip.safetensors", new PretrainedOptions { Heads = 1 }), "FeedForwardActivation");
        StringAssert.Contains(Refusal("openai.pt", new PretrainedOptions { Heads = 1, TextHeads = 3 }), "TextHeads");
        StringAssert.Contains(Refusal("openai.pt", new PretrainedOptions { Heads = 1, TextHeads = 0 }), "TextHeads");
        StringAssert.Contains(Refusal("../Pretrained/timm_vit.safetensors", new PretrainedOptions { Heads = 2 }), "text tower");
        Assert.ThrowsExactly<FileNotFoundException>(() => ClipModel.LoadPretrained(PathOf("none.pt"), Digits("openai.pt")));
        Assert.ThrowsExactly<ArgumentNullException>(() => ClipModel.LoadPretrained(PathOf("openai.pt"), null!));

        using var folder = new TemporaryFolder();
        NamedTensors tensors = Safetensors.Read(PathOf("openclip.safetensors")).Tensors;
        foreach ((string without, string named) in new[]
        {
            ("logit_scale", "logit_scale"), ("ln_final.bias", "ln_final.bias"), ("transformer.resblocks.1.ln_2.weight", "ln_2.weight"),
            ("text_projection", "text_projection"),
        })
        {
            var rest = new NamedTensors();
            foreach ((string name, WeightTensor tensor) in tensors)
            {
                if (name != without)
                {
                    rest.Add(name, tensor);
                }
            }

            Safetensors.Write(folder.File("x.safetensors"), rest);
            StringAssert.Contains(
                Assert.ThrowsExactly<InvalidDataException>(() => ClipModel.LoadPretrained(
                    folder.File("x.safetensors"), Digits("openclip.safetensors"),
                    new PretrainedOptions { Heads = 1, FeedForwardActivation = FeedForwardActivation.Gelu })).Message,
                named);
        }

        File.Copy(PathOf("huggingface.safetensors"), folder.File("model.safetensors"));
        File.WriteAllText(folder.File("config.json"), HuggingFaceConfiguration.Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", StringComparison.Ordinal));
        StringAssert.Contains(
            Assert.ThrowsExactly<InvalidDataException>(
                () => ClipModel.LoadPretrained(folder.File("model.safetensors"), Digits("huggingface.safetensors"))).Message,
            "another network");
    }

    [TestMethod]
    [DataRow("\"heads\": 2", "\"heads\": 2, \"no_causal_mask\": true", "attend to later ones")]
    [DataRow("\"heads\": 2", "\"heads\": 2, \"pool_type\": \"last\"", "'last'")]
    [DataRow("\"heads\": 2", "\"heads\": 5", "5 attention heads")]
    [DataRow("\"head_width\": 64", "\"head_width\": 64, \"pool_type\": \"avg\"", "the mean of its patches")]
    [DataRow("\"head_width\": 64", "\"head_width\": 64, \"global_average_pool\": true", "the mean of its patches")]
    [DataRow("\"head_width\": 64", "\"head_width\": 64, \"pool_type\": \"none\"", "'none'")]
    public void Networks_of_the_same_shapes_that_compute_something_else_are_refused(string usual, string other, string named)
    {
        InvalidDataException refusal = Assert.ThrowsExactly<InvalidDataException>(() => Load(
            "openclip.safetensors", "open_clip_config.json", OpenClipConfiguration.Replace(usual, other, StringComparison.Ordinal)));

        StringAssert.Contains(refusal.Message, named);
    }

    [TestMethod]
    public void Texts_and_classes_that_are_not_accepted_are_named()
    {
        (ClipModel model, _) = Load("openai.pt");

        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => model.EmbedTexts(["too long"])).Message, "13 tokens, but at most 12");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => model.EmbedTexts(["unknown"])).Message, "token 300");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => model.EmbedTexts(["empty"])).Message, "0 tokens");
        Assert.ThrowsExactly<ArgumentNullException>(() => model.EmbedTexts([null!]));
        Assert.ThrowsExactly<ArgumentException>(() => model.CreateClassifier([]));
        Assert.ThrowsExactly<ArgumentException>(() => model.CreateClassifier(["1", " "]));
        Assert.ThrowsExactly<ArgumentException>(() => model.CreateClassifier(["1"], []));
        StringAssert.Contains(
            Assert.ThrowsExactly<ArgumentException>(() => model.CreateClassifier(["1"], ["{}", "a photo"])).Message, "'a photo' has no '{}'");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsExactly<OperationCanceledException>(() => model.EmbedTexts(["1"], cancelled.Token));
    }

    private static string Refusal(string name, PretrainedOptions options)
        => Assert.ThrowsExactly<InvalidDataException>(() => ClipModel.LoadPretrained(PathOf(name), Digits("openai.pt"), options)).Message;

    private static void AssertClose(WeightTensor expected, float[] actual)
    {
        double difference = Difference.Relative(expected.Data, actual);
        Assert.IsTrue(difference <= Tolerance, $"{difference}");
    }
}
