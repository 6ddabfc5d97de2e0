using System.Numerics.Tensors;
using RePaViT.Conversion;
using RePaViT.Tests.Support;
using static RePaViT.Tests.Clip.ClipFixture;

namespace RePaViT.Tests.Clip;

/// <summary>Image towers made channel-idle, with the texts that they were trained with.</summary>
[TestClass]
public sealed class ClipConversionTests
{
    /// <summary>The same floats in batches of another size.</summary>
    private const double Tolerance = 1e-5;

    private static readonly InMemoryImageDataset Photos = TestImages.Dataset(40, 32, 2);

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_converted_tower_keeps_its_embeddings_and_says_how_well(bool keepNormalization)
    {
        (ClipModel clip, _) = Load("openai.pt");

        ConversionResult result = clip.ImageTower.ToChannelIdle(
            Photos, new ConversionOptions { IdleRatio = 0.5, KeepNormalization = keepNormalization });

        Assert.AreEqual(NetworkForm.Deployed, result.Model.Form);
        Assert.IsTrue(result.Report.CostAfter.MultiplyAdds < result.Report.CostBefore.MultiplyAdds);
        double[] cosines = Cosines(clip.ImageTower, result.Model);
        double least = result.Report.LeastHeldOutCosine!.Value;
        Assert.IsTrue(cosines.Min(cosine => Math.Abs(cosine - least)) <= Tolerance, $"{least} is no image's: {string.Join(" ", cosines)}");
        Assert.IsTrue(result.Report.HeldOutCosine > least && result.Report.HeldOutCosine < cosines.Max(), $"{result.Report}");
        Assert.IsTrue(result.Report.HeldOutCosine > 0.9, $"{result.Report.HeldOutCosine}");
        Assert.AreEqual(1.0, result.Report.HeldOutAgreement, "One class is always the same.");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1 / 256.0)]
    public void Almost_nothing_idle_changes_almost_nothing(double idleRatio)
    {
        (ClipModel clip, _) = Load("openai.pt");

        ConversionReport report = clip.ImageTower.ToChannelIdle(Photos, new ConversionOptions { IdleRatio = idleRatio }).Report;

        Assert.IsTrue(report.LeastHeldOutCosine >= 0.9999, $"{report.LeastHeldOutCosine}");
        Assert.IsTrue(report.HeldOutCosine >= report.LeastHeldOutCosine, $"{report.HeldOutCosine}");
    }

    [TestMethod]
    public void Cosines_are_those_of_vectors_of_any_length()
    {
        var closeness = new EmbeddingCloseness();

        closeness.Add([1, 0, 3, 4], [2, 0, 4, 3], columns: 2);
        closeness.Add([0, 1], [1, 1], columns: 2);

        Assert.AreEqual((1 + 0.96 + Math.Sqrt(0.5)) / 3, closeness.Mean, 1e-12);
        Assert.AreEqual(Math.Sqrt(0.5), closeness.Least, 1e-12);
    }

    [TestMethod]
    public void Texts_go_on_with_the_converted_tower()
    {
        (ClipModel clip, _) = Load("openai.pt");
        RePaViTModel tower = clip.ImageTower.ToChannelIdle(Photos, new ConversionOptions { IdleRatio = 0.75 }).Model;

        ClipModel converted = clip.WithImageTower(tower);
        RePaViTModel classifier = converted.CreateClassifier(["1", "4"], ["{}"]);

        Assert.AreEqual(NetworkForm.Deployed, classifier.Form);
        Assert.AreEqual(clip.LogitScale, converted.LogitScale);
        float[] images = Prepared(clip.ImageTower);
        float[] embeddings = Embeddings(tower, images);
        CollectionAssert.AreEqual(embeddings, Embeddings(converted.ImageTower, images));
        IReadOnlyList<float[]> texts = clip.EmbedTexts(["1", "4"]);
        float[] logits = new float[2 * Photos.Count];
        classifier.ComputeLogits(images, logits);
        double[] expected =
        [
            .. from image in Enumerable.Range(0, Photos.Count)
               from text in texts
               select (double)clip.LogitScale * TensorPrimitives.Dot(embeddings.AsSpan(32 * image, 32), text),
        ];
        Assert.IsTrue(Difference.Relative(expected, logits) <= Tolerance, $"{Difference.Relative(expected, logits)}");

        using var stream = new MemoryStream();
        classifier.Save(stream);
        stream.Position = 0;
        RePaViTModel read = RePaViTModel.Load(stream);
        float[] again = new float[logits.Length];
        read.ComputeLogits(images, again);
        Assert.IsTrue(Difference.Relative(expected, again) <= Tolerance, $"{Difference.Relative(expected, again)}");
        Assert.AreEqual(classifier.Predict(Photos.GetImage(0)).Label, read.Predict(Photos.GetImage(0)).Label);
        CollectionAssert.AreEqual(embeddings, Embeddings(clip.WithImageTower(read).ImageTower, images));
    }

    [TestMethod]
    public void A_classifier_is_converted_as_well_and_gives_a_tower_back()
    {
        (ClipModel clip, _) = Load("openai.pt");
        RePaViTModel classifier = clip.CreateClassifier(["1", "2", "5"], ["{}"]);

        ConversionResult result = classifier.ToChannelIdle(Photos, new ConversionOptions { IdleRatio = 0.5 });

        CollectionAssert.AreEqual(classifier.ClassNames.ToArray(), result.Model.ClassNames.ToArray());
        Assert.IsTrue(result.Report is { HeldOutAgreement: > 0.5, HeldOutCosine: > 0.9, LeastHeldOutCosine: > 0 }, $"{result.Report}");
        float[] images = Prepared(classifier);
        ClipModel converted = clip.WithImageTower(result.Model);
        CollectionAssert.AreEqual(Embeddings(result.Model, images), Embeddings(converted.ImageTower, images));
        CollectionAssert.AreEqual(new[] { "image" }, converted.ImageTower.ClassNames.ToArray());
    }

    [TestMethod]
    public void A_search_finds_the_largest_ratio_whose_embeddings_are_close_enough()
    {
        (ClipModel clip, _) = Load("openai.pt");
        double minimum = clip.ImageTower.ToChannelIdle(Photos, new ConversionOptions { IdleRatio = 0.6 }).Report.HeldOutCosine!.Value;

        ConversionResult found = clip.ImageTower.ToChannelIdle(Photos, new ConversionOptions { MinimumCosine = minimum });

        Assert.AreEqual(0.6, found.Model.Architecture.IdleRatio);
        Assert.AreEqual(minimum, found.Report.HeldOutCosine);
    }

    [TestMethod]
    public void What_cannot_be_measured_or_does_not_fit_is_refused()
    {
        (ClipModel clip, _) = Load("openai.pt");
        RePaViTModel plain = new(
            new ViTArchitecture { ImageSize = 32, PatchSize = 8, Dim = 64, Depth = 1, Heads = 1, Classes = 2, IdleRatio = null },
            NetworkForm.Trained,
            RandomWeights.Create(
                new ViTArchitecture { ImageSize = 32, PatchSize = 8, Dim = 64, Depth = 1, Heads = 1, Classes = 2, IdleRatio = null }
                    .Layers(NetworkForm.Trained), 1),
            ["a", "b"]);

        AssertRefused("MinimumCosine", () => clip.ImageTower.ToChannelIdle(Photos, new ConversionOptions { MinimumAgreement = 0.9 }));
        AssertRefused("'embedding'", () => plain.ToChannelIdle(Photos, new ConversionOptions { MinimumCosine = 0.9 }));
        AssertRefused("MinimumCosine 1.1", () => clip.ImageTower.ToChannelIdle(Photos, new ConversionOptions { MinimumCosine = 1.1 }));
        AssertRefused(
            "IdleRatio and MinimumCosine",
            () => clip.ImageTower.ToChannelIdle(Photos, new ConversionOptions { IdleRatio = 0.5, MinimumCosine = 0.9 }));
        AssertRefused("no output 'embedding'", () => clip.WithImageTower(plain));
        AssertRefused("embeddings of 7 numbers", () => clip.WithImageTower(new RePaViTModel(
            Training.TrainingRun.Compared, NetworkForm.Trained,
            RandomWeights.Create(Training.TrainingRun.Compared.Layers(NetworkForm.Trained), 1), ["a", "b", "c"])));
        Assert.ThrowsExactly<ArgumentNullException>(() => clip.WithImageTower(null!));
    }

    private static void AssertRefused(string named, Action action)
        => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(action).Message, named);

    private static float[] Prepared(RePaViTModel model)
    {
        float[] planes = new float[Photos.Count * 3 * 32 * 32];
        for (int i = 0; i < Photos.Count; i++)
        {
            model.Preprocessing.Prepare(Photos.GetImage(i), 32, planes.AsSpan(i * 3 * 32 * 32, 3 * 32 * 32));
        }

        return planes;
    }

    private static float[] Embeddings(RePaViTModel model, float[] images)
    {
        float[] embeddings = new float[Photos.Count * 32];
        model.CreateExtractor("embedding").Compute(images, embeddings);
        return embeddings;
    }

    private static double[] Cosines(RePaViTModel one, RePaViTModel other)
    {
        float[] images = Prepared(one);
        float[] x = Embeddings(one, images);
        float[] y = Embeddings(other, images);
        return [.. Enumerable.Range(0, Photos.Count).Select(i => Enumerable.Range(32 * i, 32).Sum(k => (double)x[k] * y[k]))];
    }
}
