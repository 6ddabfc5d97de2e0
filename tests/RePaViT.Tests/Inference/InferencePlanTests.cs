using RePaViT.Benchmarks.Verification;
using RePaViT.Inference;
using RePaViT.Kernels;
using RePaViT.Networks;
using RePaViT.Rewrites;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Inference;

[TestClass]
public class InferencePlanTests
{
    // Float arithmetic through some ten layers, beside double; relative to the largest logit.
    private const double Tolerance = 2e-5;

    private static readonly ViTArchitecture ViT =
        new() { ImageSize = 16, PatchSize = 4, Dim = 48, Depth = 3, Heads = 3, Classes = 7, IdleRatio = 0.75 };

    private static readonly MixerArchitecture Mixer = new() { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Classes = 5, IdleRatio = 0.75 };

    private static readonly LVViTArchitecture LVViT =
        new() { ImageSize = 16, PatchSize = 4, StemChannels = 10, Dim = 24, Depth = 2, Heads = 3, Classes = 5, IdleRatio = 0.6 };

    private static readonly Architecture[] Architectures =
    [
        new ViTArchitecture { ImageSize = 15, PatchSize = 5, Dim = 15, Depth = 2, Heads = 3, Classes = 3, IdleRatio = 0.37 },
        ViT,
        new ViTArchitecture { ImageSize = 8, PatchSize = 8, Dim = 33, Depth = 1, Heads = 1, Classes = 1, IdleRatio = 1 },
        new ViTArchitecture { ImageSize = 12, PatchSize = 3, Dim = 40, Depth = 2, Heads = 5, Classes = 5, IdleRatio = 0 },
        new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 4, Heads = 2, Classes = 4, IdleRatio = 0.75, IdleHeuristic = IdleHeuristic.Linear },
        new ViTArchitecture { ImageSize = 16, PatchSize = 8, Dim = 36, Depth = 2, Heads = 4, Classes = 9, MlpRatio = 2.5, IdleRatio = null },
        new ViTArchitecture { ImageSize = 44, PatchSize = 4, Dim = 16, Depth = 2, Heads = 2, Classes = 4, IdleRatio = 0.5 },
        LVViT,
        new LVViTArchitecture { ImageSize = 12, PatchSize = 6, StemChannels = 7, Dim = 15, Depth = 2, Heads = 5, Classes = 4, IdleRatio = null },
        Mixer,
        new MixerArchitecture { ImageSize = 15, PatchSize = 3, Dim = 17, Depth = 2, Classes = 3, IdleRatio = 1 },
        new MixerArchitecture { ImageSize = 12, PatchSize = 6, Dim = 40, Depth = 3, Classes = 4, IdleRatio = null },
        new SwinArchitecture { ImageSize = 36, Dim = 24, Depths = [2, 2], Heads = [2, 3], Window = 3, Classes = 5 },
        new SwinArchitecture { ImageSize = 20, PatchSize = 2, Dim = 15, Depths = [2, 2, 1], Heads = [3, 2, 4], Window = 4, Classes = 3, IdleRatio = 0.4 },
        new SwinArchitecture { ImageSize = 16, Dim = 20, Depths = [3, 1], Heads = [1, 4], Window = 2, Classes = 4, IdleRatio = null },
    ];

    [TestMethod]
    public void Every_form_equals_the_plain_network()
    {
        foreach (Architecture architecture in Architectures)
        {
            Network trained = RandomWeights.Network(architecture, seed: 3);
            Network[] forms = [trained, Folding.Fold(trained, TestPreprocessing.Identity), FeedForwardMerging.Merge(trained)];
            foreach (Network network in forms)
            {
                AssertComputes(network, $"{architecture}, {network.Stage}");
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.Names), typeof(OperatorNetworks))]
    public void Every_operator_equals_its_definition(string name) => AssertComputes(OperatorNetworks.Create(name), name);

    private static void AssertComputes(Network network, string name)
    {
        const int Count = 3;
        float[] images = RandomWeights.Floats(Count * (int)network.ToGraph().Graph.Input.Shape.Length, seed: 4);
        double[] expected = new PlainNetwork(network).Forward(images);
        float[] actual = new float[expected.Length];
        foreach (bool fuse in new[] { true, false })
        {
            InferencePlan.Compile(network, threads: 2, fuse: fuse).Run(images, Count, actual);
            double difference = Difference.Relative(expected, actual);
            Assert.IsTrue(difference <= Tolerance, $"{name}, fused {fuse}: {difference}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.Names), typeof(OperatorNetworks))]
    public void Eight_bits_are_close_in_every_operator(string name)
    {
        Network network = OperatorNetworks.Create(name);
        float[] images = RandomWeights.Floats(3 * (int)network.ToGraph().Graph.Input.Shape.Length, seed: 4);
        double[] expected = new PlainNetwork(network).Forward(images);
        float[] actual = new float[expected.Length];
        InferencePlan.Compile(network, threads: 2, InferencePrecision.EightBit).Run(images, 3, actual);
        double difference = Difference.Relative(expected, actual);
        Assert.IsTrue(difference <= 0.05, $"{difference}");
    }

    [TestMethod]
    public void Eight_bits_are_close_in_every_form_or_are_not_used()
    {
        // Factors are off by up to 1/254 of the greatest of a row or column; a few layers of that, at random.
        double tolerance = QuantizedGemm.IsSupported ? 0.1 : Tolerance;
        foreach (Architecture architecture in Architectures)
        {
            Network trained = RandomWeights.Network(architecture, seed: 3);
            foreach (Network network in new[] { trained, FeedForwardMerging.Merge(trained) })
            {
                const int Count = 3;
                float[] images = RandomWeights.Floats(Count * 3 * architecture.ImageSize * architecture.ImageSize, seed: 4);
                float[] logits = new float[Count * architecture.Classes];
                InferencePlan.Compile(network, threads: 2, InferencePrecision.EightBit).Run(images, Count, logits);
                double difference = Difference.Relative(new PlainNetwork(network).Forward(images), logits);
                Assert.IsTrue(difference <= tolerance, $"{architecture}: {difference}");
                Assert.IsTrue(difference > 1e-4 || !QuantizedGemm.IsSupported, $"{architecture}: {difference}; nothing was rounded.");
            }
        }
    }

    [TestMethod]
    [DataRow("vit_vanilla")]
    [DataRow("vit_idle025")]
    [DataRow("vit_idle050")]
    [DataRow("vit_idle075")]
    [DataRow("vit_idle100")]
    [DataRow("vit_heuristic_linear")]
    [DataRow("mixer_vanilla")]
    [DataRow("mixer_idle075")]
    [DataRow("lvvit_idle075")]
    public void Logits_equal_the_reference_implementation(string name)
    {
        var fixture = new NetworkFixture(GoldenFile.Read(Fixture.Path(name)));
        float[] logits = new float[fixture.Logits.Length];
        InferencePlan.Compile(fixture.Trained).Run(fixture.Input.Data, fixture.Images, logits);
        Assert.IsTrue(Difference.Relative(fixture.Logits.Data, logits) <= 1e-5);
    }

    [TestMethod]
    public void An_image_gives_the_same_logits_in_every_batch_and_at_every_number_of_threads()
    {
        foreach (InferencePrecision precision in new[] { InferencePrecision.Full, InferencePrecision.EightBit })
        {
            AssertSameInEveryBatch(ViT, precision);
            AssertSameInEveryBatch(Mixer, precision);
            AssertSameInEveryBatch(LVViT, precision);
        }
    }

    /// <summary>The stem of an LV-ViT, and the first stages of a Swin transformer.</summary>
    [TestMethod]
    public void Images_that_pass_large_maps_one_by_one_give_the_same_logits()
    {
        foreach ((Architecture architecture, int rows) in new (Architecture, int)[]
        {
            (new LVViTArchitecture { ImageSize = 16, PatchSize = 8, StemChannels = 6, Dim = 48, Depth = 4, Heads = 3, Classes = 7 }, 64),
            (new SwinArchitecture { ImageSize = 32, PatchSize = 2, Dim = 8, Depths = [1, 1, 3], Heads = [1, 2, 4], Window = 4, Classes = 7 }, 256),
        })
        {
            const int Count = 19;
            Network network = FeedForwardMerging.Merge(RandomWeights.Network(architecture, seed: 5));
            float[] images = RandomWeights.Floats(Count * 3 * architecture.ImageSize * architecture.ImageSize, seed: 6);
            foreach (InferencePrecision precision in new[] { InferencePrecision.Full, InferencePrecision.EightBit })
            {
                InferencePlan whole = InferencePlan.Compile(network.Layers, network.Weights, threads: 2, precision);
                InferencePlan cut = InferencePlan.Compile(network.Layers, network.Weights, threads: 2, precision, rowsPerPass: rows);
                float[] expected = new float[Count * architecture.Classes];
                float[] actual = new float[expected.Length];
                long[] ticks = new long[cut.Parts.Count];

                whole.Run(images, Count, expected);
                cut.Run(images, Count, actual, ticks);

                Assert.IsTrue(cut.ImagesPerPass >= 8, $"{architecture}: {cut.ImagesPerPass}");
                CollectionAssert.AreEqual(whole.Parts.ToArray(), cut.Parts.ToArray());
                CollectionAssert.AreEqual(expected, actual);
                Assert.IsTrue(ticks.All(time => time > 0));
            }
        }
    }

    private static void AssertSameInEveryBatch(Architecture architecture, InferencePrecision precision)
    {
        Network network = FeedForwardMerging.Merge(RandomWeights.Network(architecture, seed: 5));
        const int Count = 200;
        int length = 3 * architecture.ImageSize * architecture.ImageSize;
        float[] images = RandomWeights.Floats(Count * length, seed: 6);
        float[] together = new float[Count * architecture.Classes];
        InferencePlan plan = InferencePlan.Compile(network, threads: 2, precision);
        plan.Run(images, Count, together);
        foreach (int threads in new[] { 1, 2, 3 })
        {
            InferencePlan other = InferencePlan.Compile(network, threads, precision);
            float[] single = new float[architecture.Classes];
            for (int i = 0; i < Count; i += 11)
            {
                other.Run(images.AsSpan(i * length, length), 1, single);
                Assert.IsTrue(single.AsSpan().SequenceEqual(together.AsSpan(i * architecture.Classes, architecture.Classes)));
            }
        }

        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 8 }, _ =>
        {
            float[] logits = new float[together.Length];
            plan.Run(images, Count, logits);
            Assert.IsTrue(logits.AsSpan().SequenceEqual(together));
        });
    }

    [TestMethod]
    [DataRow(InferencePrecision.Full)]
    [DataRow(InferencePrecision.EightBit)]
    public void Calls_allocate_nothing_after_the_first(InferencePrecision precision)
    {
        AssertAllocatesNothing(ViT, precision);
        AssertAllocatesNothing(Mixer, precision);
        AssertAllocatesNothing(LVViT, precision);
    }

    private static void AssertAllocatesNothing(Architecture architecture, InferencePrecision precision)
    {
        Network network = FeedForwardMerging.Merge(RandomWeights.Network(architecture, seed: 5));
        InferencePlan plan = InferencePlan.Compile(network, threads: null, precision);
        const int Count = 3;
        float[] images = RandomWeights.Floats(Count * 3 * architecture.ImageSize * architecture.ImageSize, seed: 6);
        float[] logits = new float[Count * architecture.Classes];
        plan.Run(images, Count, logits);
        plan.Run(images, Count, logits);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            plan.Run(images, Count, logits);
        }

        Assert.AreEqual(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [TestMethod]
    public void No_images_are_no_work_and_wrong_lengths_are_refused()
    {
        InferencePlan plan = InferencePlan.Compile(RandomWeights.Network(ViT, seed: 5));
        plan.Run([], 0, []);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => plan.Run(new float[10], 1, new float[7]));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => plan.Run(new float[3 * 16 * 16], 1, new float[6]));
    }
}
