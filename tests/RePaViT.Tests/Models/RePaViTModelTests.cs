using RePaViT.Networks;
using RePaViT.Inference;
using RePaViT.Kernels;
using RePaViT.Models;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Models;

[TestClass]
public sealed class RePaViTModelTests
{
    private static readonly ViTArchitecture Architecture = TrainingRun.Architecture;

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(true, true)]
    public void A_saved_model_predicts_the_same(bool throughPath, bool isMixer)
    {
        RePaViTModel model = Create(isMixer ? TrainingRun.Mixer : Architecture).Reparameterize();
        RePaViTModel loaded;
        if (throughPath)
        {
            using var folder = new TemporaryFolder();
            model.Save(folder.File("model.onnx"));
            loaded = RePaViTModel.Load(folder.File("model.onnx"));
        }
        else
        {
            using var stream = new MemoryStream();
            model.Save(stream);
            stream.Position = 0;
            loaded = RePaViTModel.Load(stream);
        }

        Assert.AreEqual(model.Architecture, loaded.Architecture);
        Assert.AreEqual(NetworkForm.Deployed, loaded.Form);
        Assert.AreEqual(model.Cost, loaded.Cost);
        Assert.AreEqual(model.Preprocessing, loaded.Preprocessing);
        CollectionAssert.AreEqual(model.ClassNames.ToArray(), loaded.ClassNames.ToArray());
        RgbImage[] images = [TestImages.Random(20, 12, 1), TestImages.Random(12, 30, 2)];
        foreach ((Prediction expected, Prediction actual) in model.Predict(images).Zip(loaded.Predict(images)))
        {
            Assert.AreEqual(expected.ClassName, actual.ClassName);
            CollectionAssert.AreEqual(expected.Probabilities.ToArray(), actual.Probabilities.ToArray());
        }
    }

    [TestMethod]
    public void A_folder_is_not_saved_over()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("model.onnx"));
        var exception = Assert.ThrowsExactly<UnauthorizedAccessException>(() => Create().Save(folder.File("model.onnx")));
        StringAssert.Contains(exception.Message, $"'{folder.File("model.onnx")}' is a folder", StringComparison.Ordinal);
        CollectionAssert.AreEqual(new[] { "model.onnx" }, folder.FileNames.ToArray());
    }

    [TestMethod]
    public void What_is_run_ahead_of_a_first_prediction_runs()
        => FirstUse.Predict();

    [TestMethod]
    public void An_engine_that_could_not_be_made_is_tried_again()
    {
        RePaViTModel expected = Create();
        bool isFull = true;
        RePaViTModel model = expected.With(
            (network, _) => isFull ? throw new InsufficientMemoryException() : InferencePlan.Compile(network));
        RgbImage image = TestImages.Random(12, 12, 1);
        Assert.ThrowsExactly<InsufficientMemoryException>(() => model.Predict(image));
        isFull = false;
        CollectionAssert.AreEqual(expected.Predict(image).Probabilities.ToArray(), model.Predict(image).Probabilities.ToArray());
    }

    [TestMethod]
    public void A_model_with_another_precision_saves_the_same_weights()
    {
        RePaViTModel model = Create();
        RePaViTModel rounded = model.WithPrecision(InferencePrecision.EightBit);
        RgbImage image = TestImages.Random(12, 12, 1);
        IReadOnlyList<float> expected = model.Predict(image).Probabilities;
        IReadOnlyList<float> actual = rounded.Predict(image).Probabilities;
        Assert.AreEqual(QuantizedGemm.IsSupported, !expected.SequenceEqual(actual));
        Assert.IsTrue(expected.Zip(actual).All(pair => Math.Abs(pair.First - pair.Second) < 0.1));
        CollectionAssert.AreEqual(Saved(model), Saved(rounded));

        // The CPU is not faster with these.
        CollectionAssert.AreEqual(expected.ToArray(), model.WithPrecision(InferencePrecision.BFloat16).Predict(image).Probabilities.ToArray());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => model.WithPrecision((InferencePrecision)9));

        static byte[] Saved(RePaViTModel model)
        {
            var stream = new MemoryStream();
            model.Save(stream);
            return stream.ToArray();
        }
    }

    [TestMethod]
    public void Another_precision_stays_where_the_model_computes()
    {
        var precisions = new List<InferencePrecision>();
        RePaViTModel elsewhere = Create().With((network, precision) =>
        {
            precisions.Add(precision);
            return InferencePlan.Compile(network);
        });
        RgbImage image = TestImages.Random(12, 12, 1);
        elsewhere.Predict(image);
        RePaViTModel rounded = elsewhere.WithPrecision(InferencePrecision.EightBit);
        rounded.Predict(image);
        rounded.Reparameterize().Predict(image);
        CollectionAssert.AreEqual(
            new[] { InferencePrecision.Full, InferencePrecision.EightBit, InferencePrecision.EightBit }, precisions);
    }

    [TestMethod]
    public void Weights_of_a_loaded_model_make_the_same_model()
    {
        var mixer = new MixerArchitecture { ImageSize = 12, PatchSize = 4, Dim = 16, Depth = 2, Classes = 3 };
        RePaViTModel[] models =
        [
            Create(),
            Create().Reparameterize(),
            new(mixer, NetworkForm.Trained, RandomWeights.Network(mixer, seed: 1).Weights, ["a", "b", "c"]),
        ];
        foreach (RePaViTModel model in models)
        {
            using var stream = new MemoryStream();
            model.Save(stream);
            stream.Position = 0;
            var loaded = RePaViTModel.Load(stream);
            var again = new RePaViTModel(
                loaded.Architecture, loaded.Form, loaded.Weights, loaded.ClassNames, loaded.Preprocessing);
            CollectionAssert.AreEqual(
                model.Weights.Select(pair => pair.Key).Order().ToArray(), loaded.Weights.Select(pair => pair.Key).Order().ToArray());
            RgbImage image = TestImages.Random(12, 12, 1);
            foreach ((float expected, float actual) in model.Predict(image).Probabilities.Zip(again.Predict(image).Probabilities))
            {
                Assert.AreEqual(expected, actual, 1e-5f);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void Features_are_what_the_head_reads(Architecture architecture)
    {
        var weights = new NamedTensors();
        NamedTensors drawn = RandomWeights.Network(architecture, seed: 1).Weights;
        foreach (string name in drawn.Select(pair => pair.Key))
        {
            // The mean of two heads reads the mean of two tokens, if they are the same head.
            weights.Add(name, drawn[name.Replace("head_dist.", "head.", StringComparison.Ordinal)]);
        }

        var model = new RePaViTModel(architecture, NetworkForm.Trained, weights, ["a", "b", "c"]);
        RgbImage[] images = [TestImages.Random(20, 12, 1), TestImages.Random(12, 30, 2)];
        foreach (RePaViTModel form in new[] { model, model.Reparameterize() })
        {
            // A head that compares by angle reads projected features, and has no bias.
            bool isCompared = form.Outputs.Contains(NetworkLayout.Embedding);
            Assert.AreEqual(("features", 1), (form.CreateExtractor().Output, form.CreateExtractor().Rows));
            FeatureExtractor extractor = form.CreateExtractor(isCompared ? NetworkLayout.Embedding : NetworkLayout.Features);
            Assert.AreEqual(1, extractor.Rows);
            WeightTensor weight = form.Weights["head.weight"];
            WeightTensor bias = isCompared ? new WeightTensor(new float[3], 3) : form.Weights["head.bias"];
            Assert.AreEqual(weight.Shape[1], extractor.Columns);

            // Where every token has logits, those of the class token stand first.
            bool isFirst = form.Outputs.Contains(NetworkLayout.TokenLogits);
            IReadOnlyList<float[]> expected = form.CreateExtractor(isFirst ? NetworkLayout.TokenLogits : NetworkLayout.Logits).Compute(images);
            foreach ((float[] features, float[] logits) in extractor.Compute(images).Zip(expected))
            {
                float[] actual = [.. Enumerable.Range(0, 3).Select(label => bias.Data[label]
                    + System.Numerics.Tensors.TensorPrimitives.Dot<float>(features, weight.Data.Slice(label * features.Length, features.Length)))];
                for (int label = 0; label < 3; label++)
                {
                    Assert.AreEqual(logits[label], actual[label], 1e-5f);
                }
            }

            Assert.AreEqual("logits", form.Outputs[^1]);
            foreach (string stage in form.Outputs.Where(output => output.StartsWith("stage", StringComparison.Ordinal)))
            {
                FeatureExtractor map = form.CreateExtractor(stage);
                Assert.HasCount(map.Rows * map.Columns, map.Compute(images[0]));
            }
        }

        var refusal = Assert.ThrowsExactly<ArgumentException>(() => model.CreateExtractor("tokens"));
        StringAssert.Contains(refusal.Message, string.Join(", ", model.Outputs));
        refusal = Assert.ThrowsExactly<ArgumentException>(() => model.CreateExtractor().Compute(new float[3 * 12 * 12], new float[1]));
        StringAssert.Contains(refusal.Message, "there is room for 1");
    }

    [TestMethod]
    public void Predictions_and_evaluation_follow_from_the_logits()
    {
        RePaViTModel model = Create();
        const int Count = 70;
        InMemoryImageDataset dataset = TrainingRun.Dataset(Count, seed: 3);
        int imageLength = 3 * Architecture.ImageSize * Architecture.ImageSize;
        float[] planes = new float[Count * imageLength];
        for (int i = 0; i < Count; i++)
        {
            model.Preprocessing.Prepare(dataset.GetImage(i), Architecture.ImageSize, planes.AsSpan(i * imageLength, imageLength));
        }

        float[] logits = new float[Count * Architecture.Classes];
        model.ComputeLogits(planes, logits);
        IReadOnlyList<Prediction> predictions = model.Predict([.. Enumerable.Range(0, Count).Select(dataset.GetImage)]);
        int correct = 0;
        double loss = 0;
        for (int i = 0; i < Count; i++)
        {
            double[] row = [.. logits.Skip(i * Architecture.Classes).Take(Architecture.Classes).Select(logit => Math.Exp(logit))];
            int best = Array.IndexOf(row, row.Max());
            correct += best == dataset.GetLabel(i) ? 1 : 0;
            loss -= Math.Log(row[dataset.GetLabel(i)] / row.Sum()) / Count;
            Assert.AreEqual(best, predictions[i].Label);
            Assert.AreEqual(model.ClassNames[best], predictions[i].ClassName);
            Assert.AreEqual(predictions[i].Probabilities[best], predictions[i].Probability);
            Assert.IsTrue(Math.Abs(row[best] / row.Sum() - predictions[i].Probability) <= 1e-6);
        }

        Evaluation evaluation = model.Evaluate(dataset);
        Assert.AreEqual(Count, evaluation.Images);
        Assert.AreEqual((double)correct / Count, evaluation.Accuracy);
        Assert.IsTrue(Math.Abs(loss - evaluation.Loss) <= 1e-6, $"{loss}, {evaluation.Loss}");
    }

    [TestMethod]
    public void What_a_data_set_throws_reaches_the_caller()
    {
        var broken = new BrokenDataset(TrainingRun.Dataset(40, seed: 1));
        Assert.ThrowsExactly<TimeZoneNotFoundException>(() => Create().Evaluate(broken));
        TrainingRecipe recipe = TrainingRun.Recipe with { Epochs = 1 };
        Assert.ThrowsExactly<TimeZoneNotFoundException>(() => new Trainer(Architecture, recipe).Fit(broken));
    }

    [TestMethod]
    public void Cancellation_ends_an_evaluation()
        => Assert.Throws<OperationCanceledException>(
            () => Create().Evaluate(TrainingRun.Dataset(3, seed: 1), new CancellationToken(canceled: true)));

    [TestMethod]
    [DataRow("head.bias", float.NaN)]
    [DataRow("blocks.1.mlp.fc1.weight", float.PositiveInfinity)]
    [DataRow("pos_embed", float.NegativeInfinity)]
    [DataRow("blocks.0.mlp.norm2.running_var", float.NaN)]
    [DataRow("blocks.0.mlp.norm2.running_var", -1f)]
    public void Weights_that_are_no_numbers_are_refused(string name, float value)
    {
        NamedTensors weights = RandomWeights.Create(Architecture.Layers(NetworkForm.Trained), seed: 1);
        float[] data = weights[name].Data.ToArray();
        for (int index = 0; index < data.Length; index += 1 + data.Length / 50)
        {
            var changed = new NamedTensors();
            foreach ((string other, WeightTensor tensor) in weights)
            {
                changed.Add(other, other == name ? new WeightTensor(With(value, index), tensor.Shape) : tensor);
            }

            var exception = Assert.ThrowsExactly<ArgumentException>(
                () => new RePaViTModel(Architecture, NetworkForm.Trained, changed, ["a", "b", "c"]));
            StringAssert.Contains(exception.Message, $"'{name}' holds {value} at index {index}", StringComparison.Ordinal);
        }

        float[] With(float value, int index)
        {
            float[] changed = [.. data];
            changed[index] = value;
            return changed;
        }
    }

    [TestMethod]
    public void A_vanilla_or_deployed_model_is_its_own_reparameterization()
    {
        RePaViTModel deployed = Create().Reparameterize();
        Assert.AreSame(deployed, deployed.Reparameterize());
        ViTArchitecture plain = Architecture with { IdleRatio = null };
        var vanilla = new RePaViTModel(
            plain, NetworkForm.Trained, RandomWeights.Create(plain.Layers(NetworkForm.Trained), seed: 1), ["a", "b", "c"]);
        Assert.AreSame(vanilla, vanilla.Reparameterize());
    }

    private static RePaViTModel Create() => Create(Architecture);

    private static RePaViTModel Create(Architecture architecture) => new(
        architecture,
        NetworkForm.Trained,
        RandomWeights.Create(architecture.Layers(NetworkForm.Trained), seed: 1),
        ["class 0", "class 1", "class 2"],
        new ImagePreprocessing { CropFraction = 0.9 });

    /// <summary>Throws, on several threads at once, what nothing else throws.</summary>
    private sealed class BrokenDataset(IImageDataset images) : IImageDataset
    {
        public IReadOnlyList<string> ClassNames => images.ClassNames;

        public int Count => images.Count;

        public RgbImage GetImage(int index) => index < 2 ? images.GetImage(index) : throw new TimeZoneNotFoundException();

        public int GetLabel(int index) => images.GetLabel(index);
    }
}
