using System.Text.Json;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Architectures;

[TestClass]
public sealed class MixerArchitectureTests
{
    private static readonly MixerArchitecture Valid = new() { Dim = 36, Depth = 4, ImageSize = 32, PatchSize = 8, Classes = 5 };

    /// <summary>
    /// Tolstikhin et al., arXiv 2105.01601, table 1: patch size, hidden size, layers, tokens and their hidden channels, those of
    /// the channels, and millions of parameters without the head.
    /// </summary>
    [TestMethod]
    [DataRow("Mixer-S32", 32, 512, 8, 49, 256, 2048, 19)]
    [DataRow("Mixer-S16", 16, 512, 8, 196, 256, 2048, 18)]
    [DataRow("Mixer-B32", 32, 768, 12, 49, 384, 3072, 60)]
    [DataRow("Mixer-B16", 16, 768, 12, 196, 384, 3072, 59)]
    [DataRow("Mixer-L32", 32, 1024, 24, 49, 512, 4096, 206)]
    [DataRow("Mixer-L16", 16, 1024, 24, 196, 512, 4096, 207)]
    public void Presets_are_those_of_the_paper(
        string name, int patch, int dim, int depth, int tokens, int tokenHidden, int hidden, int millions)
    {
        var preset = (MixerArchitecture)Architecture.Preset(name);

        Assert.AreEqual((224, patch, dim, depth, 1000), (preset.ImageSize, preset.PatchSize, preset.Dim, preset.Depth, preset.Classes));
        Assert.AreEqual((tokens, tokenHidden, hidden), (preset.Tokens, preset.TokenHidden, preset.Hidden));
        long parameters = (preset with { IdleRatio = null }).Cost(NetworkForm.Trained).Parameters - 1000 * (dim + 1);
        Assert.AreEqual(millions, (int)Math.Round(parameters / 1e6));
    }

    /// <summary>The reference activates as many hidden channels as tokens have channels.</summary>
    [TestMethod]
    public void Presets_activate_as_many_channels_as_the_reference()
    {
        foreach (MixerArchitecture preset in Architecture.Presets.Select(preset => preset.Value).OfType<MixerArchitecture>())
        {
            Assert.IsTrue(Enumerable.Range(0, preset.Depth).All(block => preset.ActiveChannelsOf(block) == preset.Dim), $"{preset}");
        }
    }

    [TestMethod]
    public void Epsilons_are_those_of_the_reference()
    {
        foreach (double? idleRatio in new double?[] { null, 0.75 })
        {
            MixerArchitecture architecture = Valid with { IdleRatio = idleRatio };
            foreach (Operator operation in new NetworkGraph(architecture.Layers(NetworkForm.Trained)).Graph.Nodes.Select(node => node.Operator))
            {
                switch (operation)
                {
                    case LayerNormalize norm:
                        Assert.AreEqual(norm.Gamma!.Name == "norm.weight" ? 1e-6f : 1e-5f, norm.Epsilon, norm.Gamma.Name);
                        break;
                    case BatchNormalize norm:
                        Assert.AreEqual(1e-5f, norm.Epsilon, norm.Gamma.Name);
                        break;
                }
            }
        }
    }

    [TestMethod]
    public void Branches_of_all_blocks_are_dropped_equally_often()
    {
        double[] rates = [.. new NetworkGraph(Valid.Layers(NetworkForm.Trained)).Graph.Nodes
            .Select(node => node.Operator).OfType<Add>().Select(add => add.DropPath!.Value.RateOf(0.3))];

        CollectionAssert.AreEqual(Enumerable.Repeat(0.3, 8).ToArray(), rates);
    }

    [TestMethod]
    public void Multiply_adds_are_counted_product_by_product()
    {
        // 4 patches of 12 samples; 4 tokens of 6 channels; 3 hidden between tokens, 24 between channels, 6 of them active; 2 blocks.
        MixerArchitecture architecture = new() { ImageSize = 4, PatchSize = 2, Dim = 6, Depth = 2, Classes = 3 };
        const long Embedding = 4 * 12 * 6;
        const long Tokens = 6 * 2 * 4 * 3;
        const long Head = 6 * 3;

        NetworkCost trained = architecture.Cost(NetworkForm.Trained);
        Assert.AreEqual(Embedding + 2 * (Tokens + 4 * 2 * 6 * 24) + Head, trained.WeightMultiplyAdds);
        Assert.AreEqual(0, trained.AttentionMultiplyAdds);
        Assert.AreEqual(
            Embedding + 2 * (Tokens + 4 * 3 * 6 * 6) + Head, architecture.Cost(NetworkForm.Deployed).WeightMultiplyAdds);

        // Of one block: norms of 4 tokens or 6 channels, and the four products with their biases.
        const long Mixing = 2 * 4 + 4 * 3 + 3 + 3 * 4 + 4;
        const long Outer = 12 * 6 + 6 + 2 * 6 + 6 * 3 + 3;
        Assert.AreEqual(Outer + 2 * (Mixing + 2 * 6 + 2 * 24 + 6 * 24 + 24 + 24 * 6 + 6), trained.Parameters);
        Assert.AreEqual(Outer + 2 * (Mixing + 6 * 6 + 6 + 6 * 6 + 6 + 6 * 6), architecture.Cost(NetworkForm.Deployed).Parameters);
        Assert.AreEqual(
            Outer + 2 * (Mixing + 2 * 6 + 6 * 24 + 24 + 24 * 6 + 6),
            (architecture with { IdleRatio = null }).Cost(NetworkForm.Trained).Parameters);
    }

    public static IEnumerable<object[]> Invalid() =>
    [
        [Valid with { ImageSize = 0 }, "ImageSize 0"],
        [Valid with { PatchSize = 0 }, "PatchSize 0"],
        [Valid with { PatchSize = 33 }, "PatchSize 33"],
        [Valid with { PatchSize = 7 }, "multiple of PatchSize 7"],
        [Valid with { Classes = 0 }, "Classes 0"],
        [Valid with { Dim = -36 }, "Dim -36"],
        [Valid with { Depth = 1025 }, "Depth 1025"],
        [Valid with { MlpRatio = double.NaN }, "MlpRatio NaN"],
        [Valid with { MlpRatio = 0.01 }, "MlpRatio 0.01"],
        [Valid with { TokenMlpRatio = double.NaN }, "TokenMlpRatio NaN"],
        [Valid with { TokenMlpRatio = 0.02 }, "TokenMlpRatio 0.02"],
        [Valid with { TokenMlpRatio = double.PositiveInfinity }, "TokenMlpRatio"],
        [Valid with { IdleRatio = 1.1 }, "IdleRatio 1.1"],
        [Valid with { ActiveChannels = [1, 2, 3] }, "ActiveChannels has 3"],
        [Valid with { ActiveChannels = [1, 2, 3, 145] }, "ActiveChannels 145"],

        // Sizes that are possible each, but not together.
        [Valid with { ImageSize = 16384, PatchSize = 32 }, "256 x 256 patches"],
        [Valid with { ImageSize = 16384, PatchSize = 16384 }, "PatchSize 16384"],
        [Valid with { ImageSize = 16384, PatchSize = 64, Dim = 1 << 16 }, "TokenHidden 32768"],
        [Valid with { Dim = 1 << 13, MlpRatio = 64 }, "Hidden 524288"],
        [Valid with { Classes = 1 << 24, Dim = 1 << 8 }, "Classes 16777216"],
    ];

    [TestMethod]
    [DynamicData(nameof(Invalid))]
    public void An_impossible_network_is_refused_by_name(MixerArchitecture architecture, string named)
    {
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(architecture.Validate);

        StringAssert.Contains(refusal.Message, named);
        Assert.ThrowsExactly<ArgumentException>(() => architecture.Cost(NetworkForm.Trained));
    }

    [TestMethod]
    public void The_largest_accepted_networks_are_counted_without_overflow()
    {
        foreach (MixerArchitecture giant in new[]
        {
            Valid with { ImageSize = 16384, PatchSize = 64, Dim = 512, Depth = 1024, TokenMlpRatio = 60, MlpRatio = 64 },
            Valid with { Dim = 1 << 14, Depth = 1024, MlpRatio = 7, TokenMlpRatio = 64 },
        })
        {
            NetworkCost cost = giant.Cost(NetworkForm.Trained);
            Assert.IsTrue(cost.Parameters > 0 && cost.WeightMultiplyAdds > 0 && cost.AttentionMultiplyAdds == 0, $"{cost}");
        }
    }

    [TestMethod]
    public void Json_round_trip_keeps_family_and_value()
    {
        foreach (Architecture architecture in new Architecture[]
        {
            MixerArchitecture.L16, Valid with { IdleRatio = null },
            Valid with { TokenMlpRatio = 1.0 / 3, IdleHeuristic = IdleHeuristic.Linear, ActiveChannels = [1, 2, 3, 4] },
        })
        {
            string json = JsonSerializer.Serialize(architecture);

            StringAssert.Contains(json, "\"family\":\"mixer\"");
            Assert.AreEqual(architecture, JsonSerializer.Deserialize<Architecture>(json));
        }
    }

    [TestMethod]
    public void A_network_takes_exactly_its_own_tensors()
    {
        NamedTensors weights = RandomWeights.Create(Valid.Layers(NetworkForm.Trained), 1);
        foreach (Architecture other in new Architecture[]
        {
            Valid with { Dim = 48 }, Valid with { Depth = 5 }, Valid with { Depth = 3 }, Valid with { TokenMlpRatio = 1 },
            Valid with { PatchSize = 16 }, new ViTArchitecture { Dim = 36, Depth = 4, Heads = 3, ImageSize = 32, PatchSize = 8, Classes = 5 },
        })
        {
            Assert.ThrowsExactly<ArgumentException>(() => other.CreateNetwork(NetworkForm.Trained, weights), $"{other}");
        }

        Assert.ThrowsExactly<ArgumentException>(() => Valid.CreateNetwork(NetworkForm.Deployed, weights));
        Assert.AreSame(weights, Valid.CreateNetwork(NetworkForm.Trained, weights).Weights);
    }
}
