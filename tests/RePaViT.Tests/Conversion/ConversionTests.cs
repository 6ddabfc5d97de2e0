using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Conversion;

[TestClass]
public sealed class ConversionTests
{
    // Two float networks, folded differently, of a few layers; what is fitted is fitted to their roundings.
    private const double RoundingTolerance = 2e-4;

    private const int Images = 40;

    private static readonly InMemoryImageDataset Calibration = TestImages.Dataset(Images, 12, 3);

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void Without_idle_channels_the_network_is_the_original(Architecture family)
    {
        RePaViTModel vanilla = Vanilla(family);

        ConversionResult result = vanilla.ToChannelIdle(Calibration, new ConversionOptions { IdleRatio = 0 });

        Assert.AreEqual(NetworkForm.Deployed, result.Model.Form);
        Assert.AreEqual(family.BlockCount, result.Report.Blocks.Count);
        Assert.AreEqual(1.0, result.Report.Agreement);
        Assert.AreEqual(1.0, result.Report.HeldOutAgreement);
        Assert.AreEqual(vanilla.Outputs.Contains("embedding"), result.Report.HeldOutCosine is not null);
        Assert.IsTrue(result.Report.LeastHeldOutCosine is null or >= 1 - RoundingTolerance, $"{result.Report.LeastHeldOutCosine}");
        Assert.IsTrue(Distance(vanilla, result.Model) <= RoundingTolerance, $"{Distance(vanilla, result.Model)}");
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void What_is_linear_already_converts_exactly(Architecture family)
    {
        // Behind a bias of 50 GELU is the identity.
        RePaViTModel vanilla = Vanilla(family, innerBias: 50);

        ConversionResult result = vanilla.ToChannelIdle(Calibration, new ConversionOptions { IdleRatio = 1 });

        Assert.IsTrue(Distance(vanilla, result.Model) <= RoundingTolerance, $"{Distance(vanilla, result.Model)}");
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void More_active_channels_lose_less(Architecture family)
    {
        RePaViTModel vanilla = Vanilla(family);
        foreach (bool keepNormalization in new[] { true, false })
        {
            double[] errors = [.. new[] { 1, 0.75, 0.4, 0.1 }.Select(ratio => vanilla.ToChannelIdle(
                Calibration, new ConversionOptions { IdleRatio = ratio, KeepNormalization = keepNormalization }).Report.Blocks[0].Error)];

            CollectionAssert.AreEqual(errors.OrderDescending().ToArray(), errors, string.Join(" ", errors));
            Assert.IsTrue(errors[0] > errors[^1], string.Join(" ", errors));
        }
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Any_number_of_threads_gives_the_same(bool keepNormalization)
    {
        RePaViTModel vanilla = Vanilla(TrainingRun.Swin);
        byte[][] weights = [.. new[] { 1, 2, 3 }.Select(threads => TrainingRun.Bytes(vanilla.ToChannelIdle(
            Calibration, new ConversionOptions { Threads = threads, KeepNormalization = keepNormalization }).Model.Network.Weights))];

        TrainingRun.AssertSameBytes(weights[0], weights[1], "two threads");
        TrainingRun.AssertSameBytes(weights[0], weights[2], "three threads");
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void What_is_converted_is_stored_and_trained_on(bool keepNormalization)
    {
        RePaViTModel converted = Vanilla(TrainingRun.Registers)
            .ToChannelIdle(Calibration, new ConversionOptions { KeepNormalization = keepNormalization }).Model;
        using var stream = new MemoryStream();
        converted.Save(stream);
        stream.Position = 0;
        RePaViTModel read = RePaViTModel.Load(stream);

        Assert.AreEqual(0.75, read.Architecture.IdleRatio);
        Assert.IsTrue(Distance(converted, read) <= RoundingTolerance);
        var trainer = new Trainer(read.Architecture, new TrainingRecipe { Epochs = 1, BatchSize = 8, WarmupEpochs = 0 }, null)
        {
            InitialModel = read,
        };
        Assert.AreEqual(1, trainer.Fit(Calibration).History.Count);
    }

    [TestMethod]
    public void A_trained_network_keeps_its_answers()
    {
        InMemoryImageDataset images = TrainingRun.Dataset(120, seed: 1);
        var architecture = TrainingRun.Architecture with { IdleRatio = null };
        RePaViTModel vanilla = new Trainer(architecture, new TrainingRecipe { Epochs = 10, BatchSize = 16, WarmupEpochs = 1 }, null).Fit(images).Model;
        Assert.IsTrue(vanilla.Evaluate(images).Accuracy > 0.9, "It has not learned.");

        foreach (bool keepNormalization in new[] { true, false })
        {
            ConversionReport report = vanilla.ToChannelIdle(images, new ConversionOptions { KeepNormalization = keepNormalization }).Report;

            Assert.IsTrue(report.HeldOutAgreement > 0.9, $"{report.HeldOutAgreement}");
            Assert.AreEqual(96, report.Images);
            Assert.AreEqual(24, report.HeldOutImages);
            Assert.IsTrue(report.CostAfter.MultiplyAdds < report.CostBefore.MultiplyAdds);
            Assert.IsTrue(report is { ImagesPerSecondBefore: > 0, ImagesPerSecondAfter: > 0 });
        }
    }

    [TestMethod]
    public void A_budget_is_spread_over_the_blocks()
    {
        // The second block does next to nothing, so the first gets all that there is.
        RePaViTModel vanilla = Vanilla(TrainingRun.Architecture, outputScaleOfLast: 1e-3f);

        ConversionReport report = vanilla.ToChannelIdle(Calibration, new ConversionOptions { MultiplyAddsShare = 0.8 }).Report;

        Assert.IsTrue(report.CostAfter.MultiplyAdds <= 0.8 * report.CostBefore.MultiplyAdds);
        Assert.IsTrue(report.CostAfter.MultiplyAdds > 0.79 * report.CostBefore.MultiplyAdds);
        Assert.IsTrue(report.Blocks[0].ActiveChannels > 2 * report.Blocks[1].ActiveChannels, string.Join(" ", report.Blocks));
    }

    [TestMethod]
    public void A_search_finds_the_largest_ratio_that_agrees()
    {
        RePaViTModel vanilla = Vanilla(TrainingRun.Architecture);

        RePaViTModel any = vanilla.ToChannelIdle(Calibration, new ConversionOptions { MinimumAgreement = 0 }).Model;
        ConversionResult strict = vanilla.ToChannelIdle(Calibration, new ConversionOptions { MinimumAgreement = 1 });

        Assert.AreEqual(1.0, any.Architecture.IdleRatio);
        Assert.AreEqual(1.0, strict.Report.HeldOutAgreement);
    }

    [TestMethod]
    public void Cancellation_stops_it()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Recorder(cancellation);

        Assert.ThrowsExactly<OperationCanceledException>(
            () => Vanilla(TrainingRun.Architecture).ToChannelIdle(Calibration, null, progress, cancellation.Token));

        Assert.AreEqual(new ConversionProgress(Trial: 1, Block: 1, Blocks: 2), progress.Reported.Single());
    }

    [TestMethod]
    public void What_cannot_be_converted_is_refused()
    {
        RePaViTModel vanilla = Vanilla(TrainingRun.Architecture);
        RePaViTModel idle = new(TrainingRun.Architecture, NetworkForm.Trained, RandomWeights.Create(TrainingRun.Architecture.Layers(NetworkForm.Trained), 1), Calibration.ClassNames);

        AssertRefused("only a vanilla one", () => idle.ToChannelIdle(Calibration));
        AssertRefused("4 calibration images", () => vanilla.ToChannelIdle(TestImages.Dataset(4, 12, 3)));
        AssertRefused("IdleRatio 1.5", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { IdleRatio = 1.5 }));
        AssertRefused("IdleRatio NaN", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { IdleRatio = double.NaN }));
        AssertRefused("Images 4", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { Images = 4 }));
        AssertRefused("Threads 0", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { Threads = 0 }));
        AssertRefused("MultiplyAdds 0", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { MultiplyAdds = 0 }));
        AssertRefused("10 multiply-adds", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { MultiplyAdds = 10 }));
        AssertRefused("MultiplyAddsShare 0", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { MultiplyAddsShare = 0 }));
        AssertRefused("MinimumAgreement 2", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { MinimumAgreement = 2 }));
        AssertRefused(
            "IdleRatio and MinimumAgreement", () => vanilla.ToChannelIdle(Calibration, new ConversionOptions { IdleRatio = 0.5, MinimumAgreement = 0.9 }));
    }

    [TestMethod]
    public void Values_that_are_no_numbers_name_the_block()
    {
        RePaViTModel vanilla = Vanilla(TrainingRun.Architecture, outputScaleOfLast: 1e37f, innerBias: 1e3f);

        InvalidOperationException refusal = Assert.ThrowsExactly<InvalidOperationException>(() => vanilla.ToChannelIdle(Calibration));

        StringAssert.Contains(refusal.Message, "Block 2 cannot be converted");
    }

    private static void AssertRefused(string message, Action action)
        => StringAssert.Contains(Assert.Throws<ArgumentException>(action).Message, message);

    /// <summary>A vanilla network of a family with random weights.</summary>
    private static RePaViTModel Vanilla(Architecture family, float? innerBias = null, float outputScaleOfLast = 1)
    {
        Architecture architecture = family with { IdleRatio = null };
        var weights = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in RandomWeights.Create(architecture.Layers(NetworkForm.Trained), 5))
        {
            float[] values = tensor.Data.ToArray();
            if (innerBias is float bias && (name.EndsWith("mlp.fc1.bias", StringComparison.Ordinal) || name.EndsWith("mlp_channels.fc1.bias", StringComparison.Ordinal)))
            {
                Array.Fill(values, bias);
            }

            if (name.EndsWith("blocks.1.mlp.fc2.weight", StringComparison.Ordinal))
            {
                values = Array.ConvertAll(values, value => value * outputScaleOfLast);
            }

            weights.Add(name, new WeightTensor(values, tensor.Shape));
        }

        return new RePaViTModel(architecture, NetworkForm.Trained, weights, Calibration.ClassNames);
    }

    private static double Distance(RePaViTModel expected, RePaViTModel actual)
    {
        float[] pixels = Array.ConvertAll(RandomWeights.Floats(7 * 3 * 12 * 12, 3), value => 128 + 40 * value);
        float[] expectedLogits = new float[7 * 3];
        float[] actualLogits = new float[7 * 3];
        expected.ComputeLogits(pixels, expectedLogits);
        actual.ComputeLogits(pixels, actualLogits);
        return Difference.Relative(expectedLogits, actualLogits);
    }

    private sealed class Recorder(CancellationTokenSource cancellation) : IProgress<ConversionProgress>
    {
        public List<ConversionProgress> Reported { get; } = [];

        public void Report(ConversionProgress value)
        {
            Reported.Add(value);
            cancellation.Cancel();
        }
    }
}
