using System.Text.Json;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Architectures;

[TestClass]
public sealed class ViTArchitectureTests
{
    private static readonly ViTArchitecture Valid = new() { Dim = 36, Depth = 4, Heads = 3, ImageSize = 32, PatchSize = 8, Classes = 5 };

    [TestMethod]
    [DataRow(0.0, 144)]
    [DataRow(0.25, 108)]
    [DataRow(0.37, 91)]         // 90.72
    [DataRow(2.0 / 3, 48)]      // 48 and a rounding error, which ceiling alone makes 49
    [DataRow(0.75, 36)]
    [DataRow(0.999, 1)]
    [DataRow(1.0, 0)]
    public void Active_channels_are_rounded_up(double ratio, int expected)
    {
        Assert.AreEqual(expected, (Valid with { IdleRatio = ratio }).ActiveChannelsOf(0));
    }

    [TestMethod]
    public void Rounding_survives_every_simple_fraction()
    {
        for (int denominator = 1; denominator <= 64; denominator++)
        {
            for (int numerator = 0; numerator <= denominator; numerator++)
            {
                ViTArchitecture architecture = new() { Dim = denominator, Heads = 1, Depth = 1, IdleRatio = (double)numerator / denominator };

                Assert.AreEqual(4 * (denominator - numerator), architecture.ActiveChannelsOf(0), $"{numerator}/{denominator}");
            }
        }
    }

    [TestMethod]
    public void The_linear_heuristic_raises_the_ratio_block_by_block_and_spares_the_last()
    {
        ViTArchitecture architecture = Valid with { IdleRatio = 0.75, IdleHeuristic = IdleHeuristic.Linear };

        // Ratios 2/3, 5/6, 1, 0 of 144 hidden channels.
        int[] expected = [48, 24, 0, 144];
        CollectionAssert.AreEqual(expected, Enumerable.Range(0, 4).Select(architecture.ActiveChannelsOf).ToArray());
    }

    [TestMethod]
    public void The_linear_heuristic_never_leaves_its_range()
    {
        // 2t - 1 is negative for small ratios; a single block is the last block.
        ViTArchitecture low = Valid with { IdleRatio = 0.1, IdleHeuristic = IdleHeuristic.Linear };

        Assert.AreEqual(144, low.ActiveChannelsOf(0));
        Assert.AreEqual(144, (low with { Depth = 1 }).ActiveChannelsOf(0));
    }

    [TestMethod]
    public void Explicit_active_channels_take_precedence()
    {
        ViTArchitecture architecture = Valid with { ActiveChannels = [0, 144, 7, 49] };

        Assert.AreEqual(49, architecture.ActiveChannelsOf(3));
        Assert.IsFalse((architecture with { IdleRatio = null }).IsVanilla);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => architecture.ActiveChannelsOf(4));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => architecture.ActiveChannelsOf(-1));
    }

    /// <summary>Both branches of a block, whether it has attention or not.</summary>
    [TestMethod]
    public void Branches_are_dropped_the_more_often_the_deeper_their_block()
    {
        double[] rates = [.. new NetworkGraph(Valid.Layers(NetworkForm.Trained)).Graph.Nodes
            .Select(node => node.Operator).OfType<Add>().Select(add => add.DropPath!.Value.RateOf(0.75))];

        CollectionAssert.AreEqual(new[] { 0, 0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75 }, rates);
        Assert.AreEqual(0, new DropPathPosition(0, 1).RateOf(0.75));
    }

    public static IEnumerable<object[]> Invalid() =>
    [
        [Valid with { ImageSize = 0 }, "ImageSize 0"],
        [Valid with { ImageSize = int.MaxValue }, "ImageSize 2147483647"],
        [Valid with { PatchSize = 0 }, "PatchSize 0"],
        [Valid with { PatchSize = 33 }, "PatchSize 33"],
        [Valid with { PatchSize = 7 }, "multiple of PatchSize 7"],
        [Valid with { Classes = 0 }, "Classes 0"],
        [Valid with { Dim = 0 }, "Dim 0"],
        [Valid with { Dim = -36 }, "Dim -36"],
        [Valid with { Depth = 0 }, "Depth 0"],
        [Valid with { Heads = 0 }, "Heads 0"],
        [Valid with { Heads = 5 }, "multiple of Heads 5"],
        [Valid with { MlpRatio = 0 }, "MlpRatio 0"],
        [Valid with { MlpRatio = double.NaN }, "MlpRatio NaN"],
        [Valid with { MlpRatio = 65 }, "MlpRatio 65"],
        [Valid with { IdleRatio = -0.1 }, "IdleRatio -0.1"],
        [Valid with { IdleRatio = 1.1 }, "IdleRatio 1.1"],
        [Valid with { IdleRatio = double.NaN }, "IdleRatio NaN"],
        [Valid with { IdleHeuristic = (IdleHeuristic)9 }, "IdleHeuristic 9"],
        [Valid with { FeedForwardNorm = (FeedForwardNorm)3 }, "FeedForwardNorm 3"],
        [Valid with { FeedForwardStructure = (FeedForwardStructure)2 }, "FeedForwardStructure 2"],
        [Valid with { IdleRatio = null, FeedForwardStructure = FeedForwardStructure.Merged }, "FeedForwardStructure Merged needs IdleRatio"],
        [Valid with { ActiveChannels = [1, 2, 3] }, "ActiveChannels has 3"],
        [Valid with { ActiveChannels = [1, 2, 3, 145] }, "ActiveChannels 145"],
        [Valid with { ActiveChannels = [1, 2, 3, -1] }, "ActiveChannels -1"],
        [Valid with { NormEpsilon = 0 }, "NormEpsilon 0"],
        [Valid with { NormEpsilon = 1e-50 }, "NormEpsilon 1E-50"],
        [Valid with { NormEpsilon = double.NaN }, "NormEpsilon NaN"],
        [Valid with { RegisterTokens = -1 }, "RegisterTokens -1"],
        [Valid with { RegisterTokens = 65 }, "RegisterTokens 65"],
        [Valid with { RegisterTokens = 1, DistillationToken = true }, "DistillationToken"],
        [Valid with { AveragePooling = true, DistillationToken = true }, "DistillationToken"],
        [Valid with { ProjectionDim = 0 }, "ProjectionDim 0"],
        [Valid with { ProjectionDim = 65537 }, "ProjectionDim 65537"],
        [Valid with { ProjectionDim = 8, DistillationToken = true }, "ProjectionDim cannot be combined with DistillationToken"],
        [Valid with { FeedForwardActivation = (FeedForwardActivation)2 }, "FeedForwardActivation 2"],
    ];

    [TestMethod]
    [DynamicData(nameof(Invalid))]
    public void An_impossible_network_is_refused_by_name(ViTArchitecture architecture, string named)
    {
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(architecture.Validate);

        StringAssert.Contains(refusal.Message, named);
        Assert.ThrowsExactly<ArgumentException>(() => architecture.Cost(NetworkForm.Trained));
    }

    [TestMethod]
    public void Json_round_trip_keeps_family_and_value()
    {
        foreach (Architecture architecture in new Architecture[]
        {
            ViTArchitecture.Huge, Valid with { IdleRatio = null },
            Valid with { IdleRatio = 1.0 / 3, IdleHeuristic = IdleHeuristic.Linear, ActiveChannels = [1, 2, 3, 4] },
            Valid with { ProjectionDim = 8 },
            Valid with { FeedForwardNorm = FeedForwardNorm.LayerNorm, FeedForwardStructure = FeedForwardStructure.Merged },
        })
        {
            string json = JsonSerializer.Serialize(architecture);

            StringAssert.Contains(json, "\"family\":\"vit\"");
            Assert.AreEqual(architecture, JsonSerializer.Deserialize<Architecture>(json));
        }
    }

    [TestMethod]
    public void Presets_are_found_by_name()
    {
        Assert.AreSame(ViTArchitecture.Base, Architecture.Preset("base"));
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(() => Architecture.Preset("Giant"));
        StringAssert.Contains(refusal.Message, "'Giant'; the presets are Tiny, Small, Base, Large, Huge");
    }

    [TestMethod]
    public void Architectures_compare_by_value()
    {
        ViTArchitecture one = Valid with { ActiveChannels = [1, 2, 3, 4] };
        ViTArchitecture two = Valid with { ActiveChannels = [1, 2, 3, 4] };

        Assert.AreEqual(one, two);
        Assert.AreEqual(one.GetHashCode(), two.GetHashCode());
        Assert.AreNotEqual(one, Valid with { ActiveChannels = [1, 2, 3, 5] });
        Assert.AreEqual("[1, 2, 3, 4]", one.ActiveChannels!.ToString());
    }

    [TestMethod]
    public void A_network_takes_exactly_its_own_tensors()
    {
        NamedTensors weights = RandomWeights.Create(Valid.Layers(NetworkForm.Trained), 1);
        Assert.ThrowsExactly<ArgumentException>(() => Valid.CreateNetwork(NetworkForm.Deployed, weights));
        Assert.ThrowsExactly<ArgumentException>(() => (Valid with { Dim = 48 }).CreateNetwork(NetworkForm.Trained, weights));
        Assert.ThrowsExactly<ArgumentException>(() => (Valid with { Depth = 5 }).CreateNetwork(NetworkForm.Trained, weights));
        Assert.ThrowsExactly<ArgumentException>(() => (Valid with { Depth = 3 }).CreateNetwork(NetworkForm.Trained, weights));

        weights.Add("blocks.0.mlp.norm1.num_batches_tracked", new WeightTensor([7]));
        Assert.AreSame(weights, Valid.CreateNetwork(NetworkForm.Trained, weights).Weights);

        weights.Add("blocks.0.mlp.fc4.weight", new WeightTensor([7]));
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(() => Valid.CreateNetwork(NetworkForm.Trained, weights));
        StringAssert.Contains(refusal.Message, "fc4");
    }
}
