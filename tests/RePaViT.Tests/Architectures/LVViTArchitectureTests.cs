using System.Text.Json;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Architectures;

[TestClass]
public sealed class LVViTArchitectureTests
{
    private static readonly LVViTArchitecture Valid =
        new() { ImageSize = 12, PatchSize = 4, StemChannels = 6, Dim = 12, Depth = 3, Heads = 3, Classes = 5 };

    /// <summary>
    /// The RePaViT paper, table 1: 10^6 parameters and 10^9 multiply-adds without those between tokens, rounded to 0.1. It counts
    /// biases of queries, keys and values where there are idle channels, and none in vanilla networks.
    /// </summary>
    [TestMethod]
    [DataRow("LV-ViT-S", 26.2, 26.2, 19.1, 6.1, 4.7)]
    [DataRow("LV-ViT-M", 55.8, 55.9, 40.1, 11.9, 8.8)]
    public void Presets_have_the_sizes_of_the_paper(
        string name, double vanilla, double trained, double deployed, double vanillaMultiplyAdds, double deployedMultiplyAdds)
    {
        var preset = (LVViTArchitecture)Architecture.Preset(name);
        LVViTArchitecture biased = preset with { QkvBias = true };
        for (int block = 0; block < preset.Depth; block++)
        {
            Assert.AreEqual(preset.Dim, preset.ActiveChannelsOf(block));
        }

        NetworkCost plain = (preset with { IdleRatio = null }).Cost(NetworkForm.Trained);
        NetworkCost merged = biased.Cost(NetworkForm.Deployed);
        Assert.AreEqual(vanilla, Math.Round(plain.Parameters / 1e6, 1));
        Assert.AreEqual(trained, Math.Round(preset.Cost(NetworkForm.Trained).Parameters / 1e6, 1));
        Assert.AreEqual(trained, Math.Round(biased.Cost(NetworkForm.Trained).Parameters / 1e6, 1));
        Assert.AreEqual(deployed, Math.Round(merged.Parameters / 1e6, 1));
        Assert.AreEqual(3 * preset.Dim * preset.Depth, merged.Parameters - preset.Cost(NetworkForm.Deployed).Parameters);
        Assert.AreEqual(vanillaMultiplyAdds, Math.Round(plain.WeightMultiplyAdds / 1e9, 1));
        Assert.AreEqual(deployedMultiplyAdds, Math.Round(merged.WeightMultiplyAdds / 1e9, 1));
    }

    [TestMethod]
    public void Multiply_adds_are_counted_product_by_product()
    {
        // 4 pixels a side: maps of 2 x 2, and 4 patches of 2 x 2 pixels, that is, of one place.
        LVViTArchitecture architecture = new()
        {
            ImageSize = 4, PatchSize = 2, StemChannels = 3, Dim = 6, Depth = 1, Heads = 2, Classes = 7, ActiveChannels = [5],
        };
        const long Outer = 4 * 147 * 3 + 2 * 4 * 27 * 3 + 4 * 3 * 6 + 5 * 6 * 7;
        const long Attention = 5 * (18 + 6) * 6;

        NetworkCost trained = architecture.Cost(NetworkForm.Trained);
        NetworkCost deployed = architecture.Cost(NetworkForm.Deployed);
        Assert.AreEqual(Outer + Attention + 5 * 2 * 6 * 18, trained.WeightMultiplyAdds);
        Assert.AreEqual(Outer + Attention + 5 * (6 * 6 + 2 * 6 * 5), deployed.WeightMultiplyAdds);
        Assert.AreEqual(2 * 5 * 5 * 6, trained.AttentionMultiplyAdds);

        // Filters with norms, the projection, class token and positions, the last norm and both heads; norm, products without a
        // bias of queries, keys and values.
        const long OuterParameters = 147 * 3 + 2 * 27 * 3 + 3 * 2 * 3 + 3 * 6 + 6 + 6 + 5 * 6 + 2 * 6 + 2 * (6 * 7 + 7);
        const long AttentionParameters = 2 * 6 + 6 * 18 + 6 * 6 + 6;
        Assert.AreEqual(OuterParameters + AttentionParameters + 2 * 6 + 6 * 18 + 18 + 2 * 18 + 18 * 6 + 6, trained.Parameters);
        Assert.AreEqual(OuterParameters + AttentionParameters + 6 * 6 + 6 + 2 * 6 * 5 + 5, deployed.Parameters);
    }

    [TestMethod]
    public void Epsilons_scales_and_drop_path_rates_are_those_of_the_reference()
    {
        foreach (double? idleRatio in new double?[] { null, 0.75 })
        {
            Operator[] operators = [.. new NetworkGraph((Valid with { IdleRatio = idleRatio }).Layers(NetworkForm.Trained)).Graph.Nodes.Select(node => node.Operator)];

            Assert.IsTrue(operators.OfType<LayerNormalize>().All(norm => norm.Epsilon == 1e-5f));
            Assert.IsTrue(operators.OfType<BatchNormalize>().All(norm => norm.Epsilon == 1e-5f));
            Assert.HasCount(idleRatio is null ? 7 : 4, operators.OfType<LayerNormalize>());
            Assert.HasCount(idleRatio is null ? 3 : 9, operators.OfType<BatchNormalize>());
            Add[] branches = [.. operators.OfType<Add>().Where(add => add.DropPath is not null)];
            Assert.IsTrue(branches.All(add => add.Scale == 0.5f));
            CollectionAssert.AreEqual(
                new[] { 0, 0, 0.1, 0.1, 0.2, 0.2 }, branches.Select(add => add.DropPath!.Value.RateOf(0.2)).ToArray());
        }
    }

    /// <summary>Token labels are learned where every token has logits.</summary>
    [TestMethod]
    public void The_logits_of_tokens_are_an_output_in_front_of_those_of_the_image()
    {
        NetworkLayout layout = Valid.Layout(NetworkForm.Trained);

        CollectionAssert.AreEqual(
            new[] { "stage1", NetworkLayout.Features, NetworkLayout.TokenLogits, NetworkLayout.Logits },
            layout.Outputs.Select(output => output.Name).ToArray());
        Network network = RandomWeights.Network(Valid, seed: 1);
        Assert.AreEqual(new Shape(10, 5), network.TakeOutput(NetworkLayout.TokenLogits).ToGraph().Graph.Output.Shape);
        Assert.AreEqual(new Shape(1, 12), network.TakeOutput(NetworkLayout.Features).ToGraph().Graph.Output.Shape);
        Assert.AreSame(layout.Outputs[^1].Name, network.TakeOutput(NetworkLayout.Logits).Layout.Outputs[^1].Name);
    }

    public static IEnumerable<object[]> Invalid() =>
    [
        [Valid with { ImageSize = 0 }, "ImageSize 0"],
        [Valid with { ImageSize = 14 }, "ImageSize 14"],
        [Valid with { Classes = 0 }, "Classes 0"],
        [Valid with { PatchSize = 0 }, "PatchSize 0"],
        [Valid with { PatchSize = 3 }, "PatchSize 3"],
        [Valid with { StemChannels = 0 }, "StemChannels 0"],
        [Valid with { Dim = 0 }, "Dim 0"],
        [Valid with { Depth = 0 }, "Depth 0"],
        [Valid with { Heads = 5 }, "Heads 5"],
        [Valid with { MlpRatio = double.NaN }, "MlpRatio NaN"],
        [Valid with { ResidualDivisor = 0.5 }, "ResidualDivisor 0.5"],
        [Valid with { ResidualDivisor = double.NaN }, "ResidualDivisor NaN"],
        [Valid with { ResidualDivisor = double.PositiveInfinity }, "ResidualDivisor"],
        [Valid with { IdleRatio = 1.1 }, "IdleRatio 1.1"],
        [Valid with { ActiveChannels = [1, 2] }, "ActiveChannels has 2"],
        [Valid with { ActiveChannels = [1, 2, 37] }, "ActiveChannels 37"],

        // Sizes that are possible each, but not together.
        [Valid with { ImageSize = 16384, PatchSize = 16, StemChannels = 64 }, "ImageSize 16384"],
        [Valid with { StemChannels = 1 << 16 }, "StemChannels 65536"],
        [Valid with { Classes = 1 << 24, Dim = 1 << 8, Heads = 1 }, "Classes 16777216"],
    ];

    [TestMethod]
    [DynamicData(nameof(Invalid))]
    public void An_impossible_network_is_refused_by_name(LVViTArchitecture architecture, string named)
    {
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(architecture.Validate);

        StringAssert.Contains(refusal.Message, named);
        Assert.ThrowsExactly<ArgumentException>(() => architecture.Cost(NetworkForm.Trained));
    }

    [TestMethod]
    public void Json_round_trip_keeps_family_and_value()
    {
        foreach (LVViTArchitecture architecture in new[]
        {
            LVViTArchitecture.M, Valid with { IdleRatio = null }, Valid with { QkvBias = true, ResidualDivisor = 1.5, ActiveChannels = [1, 2, 3] },
        })
        {
            string json = JsonSerializer.Serialize<Architecture>(architecture);

            StringAssert.Contains(json, "\"family\":\"lvvit\"");
            Assert.AreEqual(architecture, JsonSerializer.Deserialize<Architecture>(json));
        }
    }

    [TestMethod]
    public void A_network_takes_exactly_its_own_tensors()
    {
        NamedTensors weights = RandomWeights.Create(Valid.Layers(NetworkForm.Trained), 1);
        foreach (Architecture other in new Architecture[] { Valid with { StemChannels = 7 }, Valid with { Depth = 2 }, Valid with { QkvBias = true }, Valid with { IdleRatio = null } })
        {
            Assert.ThrowsExactly<ArgumentException>(() => other.CreateNetwork(NetworkForm.Trained, weights), $"{other}");
        }

        Assert.ThrowsExactly<ArgumentException>(() => Valid.CreateNetwork(NetworkForm.Deployed, weights));
        Assert.AreSame(weights, Valid.CreateNetwork(NetworkForm.Trained, weights).Weights);
    }
}
