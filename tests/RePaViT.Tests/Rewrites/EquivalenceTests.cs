using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Rewrites;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Rewrites;

/// <summary>The deployed network is the trained network: checked in double precision over random configurations.</summary>
[TestClass]
public sealed class EquivalenceTests
{
    /// <summary>
    /// Both networks run in double precision; they differ because merged and folded weights are rounded to float, by
    /// 2^-24 (6e-8) each. Such errors are independent: a sum of n products carries about as much as one of them, and
    /// blocks add theirs. 16 of them are room for 5 blocks whose scales amplify; the worst seen is 5.
    /// </summary>
    private const double RoundingTolerance = 16 * 6e-8;

    private static readonly double?[] Ratios = [0, 0.25, 0.37, 0.5, 0.75, 1, null];

    public static IEnumerable<object[]> Configurations()
    {
        (int Image, int Patch, int Dim, int Heads, double MlpRatio)[] sizes =
            [(15, 5, 15, 3, 4), (8, 4, 8, 1, 4), (9, 3, 14, 7, 2.5), (7, 7, 5, 5, 3), (12, 4, 33, 3, 1)];
        int seed = 0;
        foreach (double? ratio in Ratios)
        {
            foreach ((int image, int patch, int dim, int heads, double mlpRatio) in sizes)
            {
                seed++;
                yield return
                [
                    new ViTArchitecture
                    {
                        ImageSize = image, PatchSize = patch, Dim = dim, Heads = heads, MlpRatio = mlpRatio,
                        Depth = 1 + seed % 5, Classes = 1 + seed % 7, IdleRatio = ratio,
                        IdleHeuristic = seed % 3 == 0 && seed % 5 != 0 ? IdleHeuristic.Linear : IdleHeuristic.Static,
                    },
                    seed,
                ];
            }
        }

        ViTArchitecture uneven = new() { ImageSize = 10, PatchSize = 5, Dim = 12, Heads = 4, Depth = 5, Classes = 3 };
        yield return [uneven with { ActiveChannels = [0, 48, 1, 47, 13] }, 1001];
        yield return [uneven with { IdleRatio = null, ActiveChannels = [48, 0, 0, 12, 48] }, 1002];
        ViTArchitecture registers = uneven with { RegisterTokens = 3, NormEpsilon = 1e-4 };
        yield return [registers, 1009];
        yield return [registers with { IdleRatio = null, PatchBias = true, OmitsTokenNorm = true }, 1010];
        yield return [uneven with { AveragePooling = true, PatchBias = true }, 1011];
        yield return [uneven with { AveragePooling = true, RegisterTokens = 2 }, 1013];
        yield return [uneven with { DistillationToken = true }, 1014];
        yield return [uneven with { ProjectionDim = 8 }, 1015];
        yield return [uneven with { FeedForwardActivation = FeedForwardActivation.QuickGelu }, 1012];
        MixerArchitecture mixer = new() { ImageSize = 12, PatchSize = 3, Dim = 14, Depth = 3, Classes = 5 };
        yield return [mixer, 1003];
        yield return [mixer with { IdleRatio = null }, 1004];
        yield return [mixer with { ActiveChannels = [0, 56, 9], TokenMlpRatio = 0.3 }, 1005];
        PoolFormerArchitecture pools = new() { ImageSize = 19, Depths = [1, 2], Dims = [12, 15], Classes = 5 };
        yield return [pools, 1006];
        yield return [pools with { IdleRatio = null, PoolSize = 5 }, 1007];
        yield return [pools with { ActiveChannels = [48, 0, 17] }, 1008];
        LVViTArchitecture tokens = new() { ImageSize = 12, PatchSize = 6, StemChannels = 9, Dim = 14, Depth = 2, Heads = 7, Classes = 5 };
        yield return [tokens, 1009];
        yield return [tokens with { IdleRatio = null, ResidualDivisor = 3 }, 1010];
        yield return [tokens with { QkvBias = true, ActiveChannels = [42, 0], ResidualDivisor = 1.7, PatchSize = 2 }, 1011];
        SwinArchitecture swin = new() { ImageSize = 12, PatchSize = 2, Dim = 10, Depths = [1, 2], Heads = [2, 5], Window = 4, Classes = 3 };
        seed = 2000;
        foreach (FeedForwardNorm norm in Enum.GetValues<FeedForwardNorm>())
        {
            foreach (FeedForwardStructure structure in Enum.GetValues<FeedForwardStructure>())
            {
                foreach (double ratio in new[] { 0, 0.25, 0.5, 0.75, 1 })
                {
                    yield return [uneven with { IdleRatio = ratio, FeedForwardNorm = norm, FeedForwardStructure = structure }, ++seed];
                }

                foreach (Architecture family in new Architecture[] { mixer, pools, swin, tokens with { Depth = 3 } })
                {
                    yield return [family with { ActiveChannels = [40, 0, 9], FeedForwardNorm = norm, FeedForwardStructure = structure }, ++seed];
                }
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Configurations))]
    public void Merged_and_folded_networks_compute_the_same(Architecture architecture, int seed)
    {
        Network trained = RandomWeights.Network(architecture, seed);
        float[] images = RandomWeights.Floats(2 * 3 * architecture.ImageSize * architecture.ImageSize, seed);
        double[] expected = new PlainNetwork(trained).Forward(images);

        Network merged = FeedForwardMerging.Merge(trained);
        Network folded = Folding.Fold(merged, TestPreprocessing.Identity);

        CollectionAssert.AreEqual(architecture.Layers(NetworkForm.Deployed).ToArray(), merged.Layers.ToArray());
        CollectionAssert.AreEqual(Folding.Fold(merged.Layout).Layers.ToArray(), folded.Layers.ToArray());
        AssertSame(expected, new PlainNetwork(merged).Forward(images));
        AssertSame(expected, new PlainNetwork(folded).Forward(images));
    }

    /// <summary>One file for what was trained in different ways: a shortcut stands beside a normalization, or in M.</summary>
    [TestMethod]
    public void All_norms_and_structures_deploy_in_the_same_form()
    {
        foreach (Architecture architecture in TrainingRun.Families().Select(family => (Architecture)family[0]))
        {
            Architecture merged = architecture with { FeedForwardStructure = FeedForwardStructure.Merged };
            foreach (FeedForwardNorm norm in Enum.GetValues<FeedForwardNorm>())
            {
                Layer[] layers = [.. (architecture with { FeedForwardNorm = norm }).Layers(NetworkForm.Deployed)];
                CollectionAssert.AreEqual(layers, (merged with { FeedForwardNorm = norm }).Layers(NetworkForm.Deployed).ToArray());
                bool staysInPlace = norm == FeedForwardNorm.LayerNorm;
                Assert.IsTrue(layers.OfType<ReparameterizedFeedForward>().All(layer => layer.InputNorm is null != staysInPlace));
            }

            long multiplyAdds = architecture.Cost(NetworkForm.Deployed).MultiplyAdds;
            Assert.AreEqual(multiplyAdds, (merged with { FeedForwardNorm = FeedForwardNorm.None }).Cost(NetworkForm.Trained).MultiplyAdds);
            Assert.AreEqual(
                multiplyAdds, (architecture with { FeedForwardNorm = FeedForwardNorm.LayerNorm }).Cost(NetworkForm.Deployed).MultiplyAdds);
        }
    }

    /// <summary>The patch embedding of a mixer has a bias of its own, which must not be taken for a folded one.</summary>
    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void Folding_takes_over_the_normalization_of_the_input(Architecture architecture)
    {
        var preprocessing = new ImagePreprocessing { Mean = new(0.1f, 0.5f, 0.8f), StandardDeviation = new(0.2f, 0.3f, 1.5f) };
        Network trained = RandomWeights.Network(architecture, 5);
        int plane = architecture.ImageSize * architecture.ImageSize;
        float[] samples = new float[2 * 3 * plane];
        float[] normalized = new float[samples.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = i * 37 % 256;
            (float mean, float deviation) = (i / plane % 3) switch { 0 => (0.1f, 0.2f), 1 => (0.5f, 0.3f), _ => (0.8f, 1.5f) };
            normalized[i] = (float)((samples[i] / 255.0 - mean) / deviation);
        }

        Network folded = Folding.Fold(trained, preprocessing);

        double[] expected = new PlainNetwork(trained).Forward(normalized);
        AssertSame(expected, new PlainNetwork(folded).Forward(samples));

        Network unfolded = Folding.Unfold(folded, architecture.Layers(NetworkForm.Trained), preprocessing);
        CollectionAssert.AreEqual(trained.Layers.ToArray(), unfolded.Layers.ToArray());
        AssertSame(expected, new PlainNetwork(unfolded).Forward(normalized));
    }

    /// <summary>Zeros around a normalized image are its mean color, which a pixel of 0 is not.</summary>
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Folding_keeps_what_filters_see_over_the_edges(bool hasBias)
    {
        var preprocessing = new ImagePreprocessing { Mean = new(0.1f, 0.5f, 0.8f), StandardDeviation = new(0.2f, 0.3f, 1.5f) };
        Layer[] layers = [new ConvolutionEmbedding("stem", ImageSize: 7, Channels: 3, Dim: 5, Kernel: 5, Stride: 2, Padding: 2, hasBias)];
        var trained = new Network(
            new NetworkLayout(layers, [new NetworkOutput(NetworkLayout.Logits, 1)]), RandomWeights.Create(layers, 3), NetworkStage.Trained);
        float[] samples = [.. Enumerable.Range(0, 3 * 49).Select(i => i * 37f % 256)];
        float[] normalized = [.. samples.Select((sample, i) => (float)((sample / 255.0 - Mean(i / 49)) / Deviation(i / 49)))];
        double[] expected = new PlainNetwork(trained).Forward(normalized);

        Network folded = Folding.Fold(trained, preprocessing);

        AssertSame(expected, new PlainNetwork(folded).Forward(samples));
        CollectionAssert.AreEqual(Folding.Fold(trained.Layout).Layers.ToArray(), folded.Layers.ToArray());
        AssertSame(expected, new PlainNetwork(Folding.Unfold(folded, layers, preprocessing)).Forward(normalized));

        ImagePreprocessing brighter = preprocessing with { Mean = new(0.1f, 0.5f, 0.9f) };
        NotSupportedException refusal = Assert.ThrowsExactly<NotSupportedException>(() => Folding.Unfold(folded, layers, brighter));
        StringAssert.Contains(refusal.Message, "'stem'");

        static float Mean(int channel) => channel switch { 0 => 0.1f, 1 => 0.5f, _ => 0.8f };

        static float Deviation(int channel) => channel switch { 0 => 0.2f, 1 => 0.3f, _ => 1.5f };
    }

    [TestMethod]
    public void A_second_input_normalization_is_refused()
    {
        Network folded = Folding.Fold(RandomWeights.Network(ViTArchitecture.Tiny with { ImageSize = 16, Depth = 1 }, 7), new());

        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(() => Folding.Fold(folded, new()));

        StringAssert.Contains(refusal.Message, "normalization");
    }

    [TestMethod]
    public void Merging_leaves_deployed_and_vanilla_networks_alone()
    {
        ViTArchitecture small = ViTArchitecture.Tiny with { ImageSize = 16, Depth = 2 };
        foreach (Network network in new[]
        {
            RandomWeights.Network(small, 8, NetworkForm.Deployed), RandomWeights.Network(small with { IdleRatio = null }, 9),
        })
        {
            Network merged = FeedForwardMerging.Merge(network);

            CollectionAssert.AreEqual(network.Weights.ToArray(), merged.Weights.ToArray());
            CollectionAssert.AreEqual(network.Layers.ToArray(), merged.Layers.ToArray());
        }
    }

    [TestMethod]
    public void Statistics_that_no_float_normalization_survives_do_not_change_the_function()
    {
        // A variance of zero leaves only epsilon under the root: scales near 300 must fold without loss.
        ViTArchitecture architecture = new() { ImageSize = 6, PatchSize = 3, Dim = 6, Heads = 2, Depth = 1, Classes = 3 };
        Network trained = RandomWeights.Network(architecture, 10);
        var weights = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in trained.Weights)
        {
            weights.Add(name, name.EndsWith("running_var", StringComparison.Ordinal)
                ? new WeightTensor(new float[tensor.Length], tensor.Shape)
                : tensor);
        }

        trained = new Network(trained.Layout, weights, trained.Stage);
        float[] images = RandomWeights.Floats(3 * 36, 10);

        AssertSame(new PlainNetwork(trained).Forward(images), new PlainNetwork(FeedForwardMerging.Merge(trained)).Forward(images));
    }

    private static void AssertSame(double[] expected, double[] actual)
    {
        double difference = Difference.Relative(expected, actual);
        Assert.IsTrue(difference <= RoundingTolerance, $"Logits differ by {difference:g3} of the largest.");
    }
}
