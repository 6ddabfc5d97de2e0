using System.Numerics.Tensors;
using RePaViT.Benchmarks.Verification;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Tests.Support;
using RePaViT.Torch.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;
using RePaViT.Training.Pixels;

namespace RePaViT.Torch.Tests;

/// <summary>Training steps beside those of the managed engine.</summary>
[TestClass]
public sealed class EngineParityTests : TorchTest
{
    private const double Tolerance = 1e-4;
    private const double GradientTolerance = 1e-3;

    // A gradient that is zero by nature is rounding noise of far larger numbers.
    private const double SmallestGradient = 1e-3;

    // Adam divides a gradient by its own size: with the usual epsilon, noise would make steps as large as any.
    private static readonly TrainingRecipe Recipe = new() { Epsilon = 1e-3, LearningRate = 1e-2, WeightDecay = 0.1, Seed = 11 };

    [TestMethod]
    [DataRow("vit_vanilla")]
    [DataRow("vit_idle025")]
    [DataRow("vit_idle050")]
    [DataRow("vit_idle075")]
    [DataRow("vit_idle100")]
    [DataRow("vit_heuristic_linear")]
    [DataRow("mixer_vanilla")]
    [DataRow("mixer_idle075")]
    public void Steps_agree_for_every_fixture(string name)
    {
        var fixture = new NetworkFixture(GoldenFile.Read(Fixture.Path(name)));
        AssertSameSteps(fixture.Trained, fixture.Images, OptimizerKind.Lamb, dropPathRate: 0.3);
        AssertSameSteps(fixture.Trained, fixture.Images, OptimizerKind.AdamW, dropPathRate: 0);
    }

    [TestMethod]
    [DataRow(OptimizerKind.Lamb)]
    [DataRow(OptimizerKind.AdamW)]
    public void Steps_agree_for_tiny_at_full_size(OptimizerKind optimizer)
    {
        ViTArchitecture architecture = ViTArchitecture.Tiny with { Classes = 100, Depth = 12 };
        Network network = architecture.CreateNetwork(seed: 3);
        AssertSameSteps(network, images: 3, optimizer, dropPathRate: 0.2);
    }

    [TestMethod]
    [DataRow(OptimizerKind.Lamb)]
    [DataRow(OptimizerKind.AdamW)]
    public void Steps_agree_with_layer_decay(OptimizerKind optimizer)
        => AssertSameSteps(
            RandomWeights.Network(new ViTArchitecture { ImageSize = 12, PatchSize = 4, Dim = 24, Depth = 3, Heads = 2, Classes = 5 }, seed: 1),
            images: 5,
            optimizer,
            dropPathRate: 0.2,
            layerDecay: 0.5);

    [TestMethod]
    [DataRow(0.75)]
    [DataRow(null)]
    public void Steps_agree_for_a_mixer(double? idleRatio)
    {
        var architecture = new MixerArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Classes = 5, IdleRatio = idleRatio };
        AssertSameSteps(RandomWeights.Network(architecture, seed: 1), images: 7, OptimizerKind.AdamW, dropPathRate: 0.3);
    }

    [TestMethod]
    [DataRow(0.75)]
    [DataRow(null)]
    public void Steps_agree_for_shifted_windows(double? idleRatio)
    {
        var architecture = new SwinArchitecture
        {
            ImageSize = 28, Dim = 24, Depths = [2, 2], Heads = [2, 3], Window = 3, Classes = 5, IdleRatio = idleRatio,
        };
        AssertSameSteps(RandomWeights.Network(architecture, seed: 1), images: 7, OptimizerKind.AdamW, dropPathRate: 0.3);
    }

    [TestMethod]
    [DynamicData(nameof(FeedForwardNetworks.All), typeof(FeedForwardNetworks))]
    public void Steps_agree_for_every_kind_of_feed_forward_layer(Architecture architecture)
        => AssertSameSteps(RandomWeights.Network(architecture, seed: 1), images: 7, OptimizerKind.AdamW, dropPathRate: 0.3);

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.TrainableNames), typeof(OperatorNetworks))]
    public void Steps_agree_for_every_operator(string name)
        => AssertSameSteps(OperatorNetworks.Create(name), images: 7, OptimizerKind.AdamW, dropPathRate: 0);

    [TestMethod]
    public void Steps_agree_with_labels_of_tokens_that_are_exchanged()
    {
        const int Images = 7;
        var architecture = new LVViTArchitecture { ImageSize = 12, PatchSize = 4, StemChannels = 10, Dim = 30, Depth = 2, Heads = 3, Classes = 3 };
        using var source = new NoLabels();
        var tokens = new TokenTraining(TokenLabels.FromFile("not opened") with { ClassWeight = 0.7, TokenWeight = 1.9 }, source);
        Network network = tokens.NetworkOf(RandomWeights.Network(architecture, seed: 1));
        Objective objective = tokens.Objective(3);
        TrainingRecipe recipe = Recipe with { BatchSize = Images, DropPathRate = 0.3 };
        using var expected = new ManagedTrainingEngine(network, objective, recipe, threads: 2);
        using var actual = new TorchTrainingEngine(network, objective, recipe, Device, TorchPrecision.Float32);
        var batch = new TrainingBatch(Images, 3 * 12 * 12, 10 * 3) { Count = Images, Exchanged = OperatorNetworks.Exchanged };
        RandomWeights.Floats(batch.Images.Length, seed: 1).CopyTo(batch.Images, 0);
        for (int row = 0; row < Images * 10; row++)
        {
            batch.Targets[3 * row + row % 3] += 0.75f;
            batch.Targets[3 * row + row * row % 3] += 0.25f;
        }

        BatchResult expectedResult = expected.Accumulate(batch, 1, dropPathKey: 5);
        BatchResult result = actual.Accumulate(batch, 1, dropPathKey: 5);

        Assert.AreEqual(1, result.Loss / expectedResult.Loss, Tolerance, "loss");
        Assert.AreEqual(expectedResult.Correct, result.Correct);
        AssertClose(expected.GetGradients(), actual.GetGradients(), GradientTolerance, SmallestGradient);
        batch.Exchanged = default;
        Assert.AreNotEqual(expectedResult.Loss, expected.Accumulate(batch, 1, dropPathKey: 5).Loss, 1e-6);
    }

    public static IEnumerable<object[]> Distillations()
    {
        float[][] scores = [.. Enumerable.Range(0, 7).Select(image => RandomWeights.Floats(3, seed: image))];
        float[][] features = [.. Enumerable.Range(0, 7).Select(image => RandomWeights.Floats(11, seed: image))];
        yield return [Distillation.FromScores(scores) with { Weight = 0.7, Temperature = 2.5 }];
        yield return [Distillation.FromScores(scores) with { Weight = 1, Temperature = 1 }];
        yield return [Distillation.FromFeatures(features) with { Weight = 0.3 }];
        yield return [Distillation.FromFeatures(features) with { Weight = 1 }];
    }

    [TestMethod]
    [DynamicData(nameof(Distillations))]
    public void Steps_agree_with_a_teacher(Distillation distillation)
    {
        const int Images = 7;
        InMemoryImageDataset dataset = new(
            Enumerable.Repeat(new RgbImage(1, 1, new byte[3]), Images), Enumerable.Range(0, Images).Select(i => i % 3), ["a", "b", "c"]);
        Architecture[] architectures =
        [
            new ViTArchitecture { ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = 3 },
            new LVViTArchitecture { ImageSize = 12, PatchSize = 4, StemChannels = 10, Dim = 30, Depth = 2, Heads = 3, Classes = 3 },
        ];
        foreach (Architecture architecture in architectures)
        {
            using DistillationTraining teaching = distillation.Open(seed: 1, dataset, validates: false);
            Network network = teaching.NetworkOf(RandomWeights.Network(architecture, seed: 1));
            TrainingRecipe recipe = Recipe with { BatchSize = Images, DropPathRate = 0.3 };
            using var expected = new ManagedTrainingEngine(network, teaching.Objective(3), recipe, threads: 2);
            using var actual = new TorchTrainingEngine(network, teaching.Objective(3), recipe, Device, TorchPrecision.Float32);
            IBatchTargets targets = teaching.Targets(network);
            var batch = new TrainingBatch(Images, 3 * 12 * 12, targets.Length) { Count = Images };
            RandomWeights.Floats(batch.Images.Length, seed: 1).CopyTo(batch.Images, 0);
            ImageView[] views = [.. Enumerable.Range(0, Images).Select(i => new ImageView(i, AffineTransform.Identity))];
            targets.Fill(batch, views, [0, 1, 2, 0, 1, 2, 0], share: 0.75, smoothing: 0.1, new BatchKey(1, 0, 0));

            BatchResult expectedResult = expected.Accumulate(batch, 1, dropPathKey: 5);
            BatchResult result = actual.Accumulate(batch, 1, dropPathKey: 5);

            Assert.AreEqual(1, result.Loss / expectedResult.Loss, Tolerance, "loss");
            Assert.AreEqual(expectedResult.Correct, result.Correct);
            AssertClose(expected.GetGradients(), actual.GetGradients(), GradientTolerance, SmallestGradient);
            Assert.AreEqual(1, actual.Update(1e-2) / expected.Update(1e-2), Tolerance, "norm");
            AssertClose(expected.GetState(), actual.GetState(), GradientTolerance, SmallestGradient);
        }
    }

    private sealed class NoLabels : ITokenLabelSource
    {
        public string Identity => "none";

        public bool NeedsPixels => false;

        public void Fill(ImageView[] views, float[] pixels, int patchesPerSide, float[] targets) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }

    [TestMethod]
    public void Gradients_of_several_batches_add_up_to_one_step()
    {
        var architecture = new ViTArchitecture { ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = 3 };
        Network network = RandomWeights.Network(architecture, seed: 1);
        TrainingRecipe recipe = Recipe with { BatchSize = 6 };
        using var expected = new ManagedTrainingEngine(network, new CrossEntropy(), recipe, threads: 2);
        using TorchTrainingEngine actual = Engine(network, recipe);
        for (int step = 0; step < 3; step++)
        {
            for (int part = 0; part < 2; part++)
            {
                // The second batch is smaller than the engine's buffers.
                TrainingBatch batch = Batch(network, 6 - part, seed: 2 * step + part);
                expected.Accumulate(batch, 0.5f, dropPathKey: part);
                actual.Accumulate(batch, 0.5f, dropPathKey: part);
            }

            Assert.AreEqual(1, actual.Update(1e-2) / expected.Update(1e-2), Tolerance);
        }

        AssertClose(expected.GetState(), actual.GetState(), GradientTolerance, SmallestGradient);
    }

    public static IEnumerable<object[]> HalfPrecision()
    {
        foreach (double? idleRatio in new double?[] { 0.75, 1, null })
        {
            yield return [new ViTArchitecture { ImageSize = 32, PatchSize = 8, Dim = 48, Depth = 3, Heads = 4, Classes = 10, IdleRatio = idleRatio }];
            yield return [new MixerArchitecture { ImageSize = 32, PatchSize = 8, Dim = 48, Depth = 3, Classes = 10, IdleRatio = idleRatio }];
            yield return
            [
                new SwinArchitecture { ImageSize = 32, Dim = 48, Depths = [2, 1], Heads = [4, 6], Window = 4, Classes = 10, IdleRatio = idleRatio },
            ];
        }
    }

    [TestMethod]
    [DynamicData(nameof(HalfPrecision))]
    public void Half_precision_goes_the_same_way(Architecture architecture)
    {
        // bfloat16 keeps 8 bits: each product is off by up to 1/256, their sums by less.
        const double LossTolerance = 0.01;
        const double SmallestCosine = 0.995;
        Network network = architecture.CreateNetwork(seed: 5);
        TrainingRecipe recipe = Recipe with { BatchSize = 32, DropPathRate = 0.1 };
        using TorchTrainingEngine full = Engine(network, recipe);
        using var half = new TorchTrainingEngine(network, new CrossEntropy(), recipe, Device, TorchPrecision.BFloat16);
        TrainingBatch batch = Batch(network, 32, seed: 1);

        Assert.AreEqual(1, half.Accumulate(batch, 1, 3).Loss / full.Accumulate(batch, 1, 3).Loss, LossTolerance);
        float[] expected = [.. full.GetGradients().SelectMany(pair => pair.Value.Data.ToArray())];
        float[] actual = [.. half.GetGradients().SelectMany(pair => pair.Value.Data.ToArray())];
        float cosine = TensorPrimitives.CosineSimilarity<float>(expected, actual);
        Assert.IsTrue(cosine >= SmallestCosine, $"{cosine}");
    }

    [TestMethod]
    public void A_gradient_that_is_not_finite_moves_nothing()
    {
        var architecture = new ViTArchitecture { ImageSize = 8, PatchSize = 4, Dim = 12, Depth = 1, Heads = 3, Classes = 3 };
        Network network = RandomWeights.Network(architecture, seed: 1);
        using TorchTrainingEngine engine = Engine(network, Recipe with { BatchSize = 4 });
        TrainingBatch batch = Batch(network, 4, seed: 1);
        batch.Images[5] = float.NaN;
        NamedTensors before = engine.GetWeights(averaged: true);
        Assert.IsFalse(double.IsFinite(engine.Accumulate(batch, 1, 0).Loss));
        Assert.IsFalse(double.IsFinite(engine.Update(1e-2)));
        AssertClose(before, engine.GetWeights(averaged: true), tolerance: 0);
    }

    private static void AssertSameSteps(
        Network network, int images, OptimizerKind optimizer, double dropPathRate, double? layerDecay = null)
    {
        TrainingRecipe recipe = Recipe with
        {
            BatchSize = images, DropPathRate = dropPathRate, Optimizer = optimizer, LayerDecay = layerDecay,
        };
        using var expected = new ManagedTrainingEngine(network, new CrossEntropy(), recipe, threads: 2);
        using TorchTrainingEngine actual = Engine(network, recipe);
        TrainingBatch batch = Batch(network, images, seed: 1);
        batch.Exchanged = OperatorNetworks.Exchanged;

        BatchResult expectedResult = expected.Accumulate(batch, 1, dropPathKey: 5);
        BatchResult result = actual.Accumulate(batch, 1, dropPathKey: 5);

        Assert.AreEqual(1, result.Loss / expectedResult.Loss, Tolerance, "loss");
        Assert.AreEqual(expectedResult.Correct, result.Correct);
        AssertClose(expected.GetGradients(), actual.GetGradients(), GradientTolerance, SmallestGradient);

        Assert.AreEqual(1, actual.Update(1e-2) / expected.Update(1e-2), Tolerance, "norm");
        AssertClose(expected.GetWeights(averaged: false), actual.GetWeights(averaged: false), Tolerance);
        AssertClose(expected.GetWeights(averaged: true), actual.GetWeights(averaged: true), Tolerance);
        AssertClose(expected.GetState(), actual.GetState(), GradientTolerance, SmallestGradient);
    }
}
