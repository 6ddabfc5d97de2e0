using RePaViT.Benchmarks.Verification;
using RePaViT.Inference;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;
using RePaViT.Tests.Support;
using RePaViT.Torch.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Torch.Tests;

[TestClass]
public sealed class InferenceTests : TorchTest
{
    private const double Tolerance = 1e-4;

    // bfloat16 keeps 8 bits; roundings of a few blocks add up.
    private const double HalfTolerance = 0.05;

    private static readonly Architecture[] Small =
    [
        new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Heads = 2, Classes = 5 },
        new MixerArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Classes = 5 },
        new SwinArchitecture { ImageSize = 16, Dim = 24, Depths = [2, 2], Heads = [2, 3], Window = 3, Classes = 5 },
        .. FeedForwardNetworks.All().Select(network => (Architecture)network[0]),
    ];

    public static IEnumerable<object[]> Fixtures() =>
        [["vit_vanilla"], ["vit_idle025"], ["vit_idle050"], ["vit_idle075"], ["vit_idle100"], ["vit_heuristic_linear"], ["mixer_vanilla"], ["mixer_idle075"], ["swin_vanilla"], ["swin_idle075"]];

    [TestMethod]
    [DynamicData(nameof(Fixtures))]
    public void Logits_equal_the_reference_as_trained_and_as_deployed(string name)
    {
        var fixture = new NetworkFixture(GoldenFile.Read(Fixture.Path(name)));
        AssertLogits(fixture.Logits.Data, fixture.Trained, fixture.Input.Data, fixture.Images);
        AssertLogits(fixture.Logits.Data, Folding.Fold(fixture.Trained, TestPreprocessing.Identity), fixture.Input.Data, fixture.Images);
        if (fixture.HasReparameterized)
        {
            Network deployed = FeedForwardMerging.Merge(fixture.Trained);
            AssertLogits(fixture.ReparameterizedLogits.Data, deployed, fixture.Input.Data, fixture.Images);
            AssertLogits(fixture.ReparameterizedLogits.Data, Folding.Fold(deployed, TestPreprocessing.Identity), fixture.Input.Data, fixture.Images);
        }
    }

    [TestMethod]
    public void Tiny_at_full_size_answers_as_the_managed_engine()
    {
        ViTArchitecture architecture = ViTArchitecture.Tiny;
        Network trained = architecture.CreateNetwork(seed: 1);
        Network deployed = Folding.Fold(FeedForwardMerging.Merge(trained), new ImagePreprocessing());
        float[] images = Array.ConvertAll(RandomWeights.Floats(2 * 3 * 224 * 224, 1), value => Math.Clamp(128 + 60 * value, 0, 255));
        float[] expected = new float[2 * architecture.Classes];
        InferencePlan.Compile(deployed).Run(images, 2, expected);
        AssertLogits(expected, deployed, images, 2);
        AssertLogits(expected, deployed, images, 2, TorchPrecision.BFloat16, HalfTolerance);
    }

    [TestMethod]
    [DynamicData(nameof(Fixtures))]
    public void Half_precision_stays_near(string name)
    {
        var fixture = new NetworkFixture(GoldenFile.Read(Fixture.Path(name)));
        AssertLogits(
            fixture.Logits.Data, fixture.Trained, fixture.Input.Data, fixture.Images, TorchPrecision.BFloat16, HalfTolerance);
        AssertLogits(
            fixture.Logits.Data, Folding.Fold(FeedForwardMerging.Merge(fixture.Trained), TestPreprocessing.Identity),
            fixture.Input.Data, fixture.Images, TorchPrecision.BFloat16, HalfTolerance);
    }

    [TestMethod]
    public void Operators_by_themselves_give_what_runs_of_them_give()
    {
        foreach (Architecture architecture in Small)
        {
            Network trained = RandomWeights.Network(architecture, seed: 1);
            float[] images = RandomWeights.Floats(3 * 3 * architecture.ImageSize * architecture.ImageSize, seed: 2);
            foreach (Network network in new[] { trained, FeedForwardMerging.Merge(trained) })
            {
                float[] expected = new float[3 * architecture.Classes];
                InferencePlan.Compile(network, fuse: false).Run(images, 3, expected);
                AssertLogits(expected, network, images, 3);
                AssertLogits(expected, network, images, 3, fuse: false);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.Names), typeof(OperatorNetworks))]
    public void Every_operator_gives_what_the_managed_engine_gives(string name)
    {
        Network network = OperatorNetworks.Create(name);
        Graph graph = network.ToGraph().Graph;
        float[] images = RandomWeights.Floats(3 * (int)graph.Input.Shape.Length, seed: 2);
        float[] expected = new float[3 * graph.Output.Shape.Length];
        InferencePlan.Compile(network, fuse: false).Run(images, 3, expected);
        AssertLogits(expected, network, images, 3);
        AssertLogits(expected, network, images, 3, fuse: false);
    }

    [TestMethod]
    public void Outputs_without_a_head_are_what_the_managed_engine_gives()
    {
        foreach (Architecture architecture in Small)
        {
            Network trained = RandomWeights.Network(architecture, seed: 1);
            float[] images = RandomWeights.Floats(3 * 3 * architecture.ImageSize * architecture.ImageSize, seed: 2);
            foreach (Network network in new[] { trained, FeedForwardMerging.Merge(trained) })
            {
                foreach (string output in network.Layout.Outputs.Select(output => output.Name))
                {
                    Network part = network.TakeOutput(output);
                    float[] expected = new float[3 * part.ToGraph().Graph.Output.Shape.Length];
                    InferencePlan.Compile(part).Run(images, 3, expected);
                    AssertLogits(expected, part, images, 3);
                }
            }
        }
    }

    [TestMethod]
    public void Threads_share_an_engine()
    {
        var architecture = new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Heads = 2, Classes = 5 };
        using var engine = new TorchInferenceEngine(
            RandomWeights.Network(architecture, seed: 1), Device, TorchPrecision.Float32);
        int imageLength = 3 * 16 * 16;
        float[] images = RandomWeights.Floats(12 * imageLength, seed: 2);
        float[] expected = new float[12 * 5];
        engine.Run(images, 12, expected);
        Parallel.For(0, 40, call =>
        {
            int count = 1 + call % 12;
            float[] logits = new float[count * 5];
            engine.Run(images.AsSpan(0, count * imageLength), count, logits);
            double difference = Difference.Relative(expected.AsSpan(0, count * 5), logits);
            Assert.IsTrue(difference <= Tolerance, $"{difference}");
        });
    }

    [TestMethod]
    public void Wrong_lengths_are_refused_before_native_code()
    {
        var architecture = new ViTArchitecture { ImageSize = 8, PatchSize = 4, Dim = 12, Depth = 1, Heads = 3, Classes = 3 };
        Network network = RandomWeights.Network(architecture, seed: 1);
        using var engine = new TorchInferenceEngine(network, Device, TorchPrecision.Float32);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => engine.Run(new float[3 * 64 - 1], 1, new float[3]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => engine.Run(new float[3 * 64], 1, new float[4]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => engine.Run([], -1, []));
        engine.Run([], 0, []);
        using TorchTrainingEngine training = Engine(network, new TrainingRecipe { BatchSize = 2 });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => training.Accumulate(new TrainingBatch(2, 3 * 64, 4) { Count = 2 }, 1, 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => training.Accumulate(new TrainingBatch(3, 3 * 64, 3) { Count = 3 }, 1, 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => training.Accumulate(new TrainingBatch(2, 3 * 49, 3) { Count = 2 }, 1, 0));
    }

    private static void AssertLogits(
        ReadOnlySpan<float> expected, Network network, ReadOnlySpan<float> images, int count,
        TorchPrecision precision = TorchPrecision.Float32, double tolerance = Tolerance, bool fuse = true)
    {
        using var engine = new TorchInferenceEngine(network, Device, precision, fuse);
        float[] logits = new float[expected.Length];
        engine.Run(images, count, logits);
        double difference = Difference.Relative(expected, logits);
        Assert.IsTrue(difference <= tolerance, $"{precision}: {difference:g3}");
    }
}
