using System.Text.Json;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Architectures;

[TestClass]
public sealed class PoolFormerArchitectureTests
{
    private static readonly PoolFormerArchitecture Valid = new() { Depths = [1, 2], Dims = [12, 18], ImageSize = 32, Classes = 5 };

    /// <summary>Yu et al., arXiv 2111.11418, table 1: 10^6 parameters and 10^9 multiply-adds, which are rounded to 0.1 and count pooling.</summary>
    [TestMethod]
    [DataRow("PoolFormer-S12", 11.9, 1.8, 1e-5, 7)]
    [DataRow("PoolFormer-S24", 21.4, 3.4, 1e-5, 7)]
    [DataRow("PoolFormer-S36", 30.9, 5.0, 1e-6, 7)]
    [DataRow("PoolFormer-M36", 56.2, 8.8, 1e-6, 3)]
    [DataRow("PoolFormer-M48", 73.5, 11.6, 1e-6, 3)]
    public void Presets_cost_what_the_paper_says(string name, double parameters, double multiplyAdds, double layerScale, int poolSize)
    {
        var preset = (PoolFormerArchitecture)Architecture.Preset(name);

        NetworkCost cost = (preset with { IdleRatio = null }).Cost(NetworkForm.Trained);
        Assert.AreEqual(parameters, Math.Round(cost.Parameters / 1e6, 1));
        Assert.IsTrue(Math.Abs(cost.MultiplyAdds / 1e9 - multiplyAdds) <= 0.05 + 0.01 * multiplyAdds, $"{cost.MultiplyAdds}");
        Assert.AreEqual((layerScale, poolSize), (preset.LayerScale, preset.PoolSize));
    }

    [TestMethod]
    public void Multiply_adds_are_counted_product_by_product()
    {
        // 9 pixels a side: a map of 2 x 2 with 4 channels, one of 1 x 1 with 6; 16 and 24 hidden channels, 4 and 6 active.
        PoolFormerArchitecture architecture = new() { ImageSize = 9, Depths = [1, 1], Dims = [4, 6], Classes = 3 };
        const long Filters = 4 * 147 * 4 + 9 * 4 * 6;
        const long Head = 6 * 3;

        NetworkCost trained = architecture.Cost(NetworkForm.Trained);
        NetworkCost deployed = architecture.Cost(NetworkForm.Deployed);
        Assert.AreEqual(Filters + 4 * 2 * 4 * 16 + 2 * 6 * 24 + Head, trained.WeightMultiplyAdds);
        Assert.AreEqual(Filters + 4 * 3 * 4 * 4 + 3 * 6 * 6 + Head, deployed.WeightMultiplyAdds);
        Assert.AreEqual(0, trained.AttentionMultiplyAdds);

        // Filters, the last norm and the head; of a block a norm and its scale, then norms, products with biases and a scale.
        const long Outer = 147 * 4 + 4 + 9 * 4 * 6 + 6 + 2 * 6 + 6 * 3 + 3;
        const long Pooling = 3 * 4 + 3 * 6;
        Assert.AreEqual(
            Outer + Pooling + (2 * 4 + 4 * 16 + 16 + 2 * 16 + 16 * 4 + 4 + 4) + (2 * 6 + 6 * 24 + 24 + 2 * 24 + 24 * 6 + 6 + 6), trained.Parameters);
        Assert.AreEqual(Outer + Pooling + 3 * 4 * 4 + 2 * 4 + 3 * 6 * 6 + 2 * 6, deployed.Parameters);
    }

    [TestMethod]
    public void Maps_are_those_of_convolutions_that_reach_over_the_edges()
    {
        foreach ((int image, int[] sizes) in new (int, int[])[] { (224, [56, 28, 14, 7]), (3, [1, 1, 1, 1]), (65, [16, 8, 4, 2]), (100, [25, 13, 7, 4]) })
        {
            PoolFormerArchitecture architecture = PoolFormerArchitecture.S12 with { ImageSize = image };
            architecture.Validate();
            Graph graph = new NetworkGraph(architecture.Layers(NetworkForm.Trained)).Graph;

            int[] seen = [.. graph.Nodes.Select(node => node.Operator).OfType<AveragePool>().Select(pool => pool.Size).Distinct()];
            CollectionAssert.AreEqual(sizes.Distinct().ToArray(), seen);
        }
    }

    [TestMethod]
    public void Epsilons_and_drop_path_rates_are_those_of_the_reference()
    {
        foreach (double? idleRatio in new double?[] { null, 0.75 })
        {
            Operator[] operators = [.. new NetworkGraph((Valid with { IdleRatio = idleRatio }).Layers(NetworkForm.Trained)).Graph.Nodes.Select(node => node.Operator)];

            Assert.IsTrue(operators.OfType<GroupNormalize>().All(norm => norm.Epsilon == 1e-5f));
            Assert.IsTrue(operators.OfType<BatchNormalize>().All(norm => norm.Epsilon == 1e-5f));
            Assert.HasCount(idleRatio is null ? 7 : 4, operators.OfType<GroupNormalize>());
            double[] rates = [.. operators.OfType<Add>().Where(add => add.DropPath is not null).Select(add => add.DropPath!.Value.RateOf(0.2))];
            CollectionAssert.AreEqual(new[] { 0, 0, 0.1, 0.1, 0.2, 0.2 }, rates);
        }
    }

    public static IEnumerable<object[]> Invalid() =>
    [
        [Valid with { ImageSize = 2 }, "ImageSize 2"],
        [Valid with { ImageSize = 16385 }, "ImageSize 16385"],
        [Valid with { Classes = 0 }, "Classes 0"],
        [Valid with { Depths = [] }, "Depths 0"],
        [Valid with { Depths = [0, 1] }, "Depths 0"],
        [Valid with { Dims = [12] }, "Dims has 1"],
        [Valid with { Dims = [12, 0] }, "Dims 0"],
        [Valid with { PoolSize = 4 }, "PoolSize 4"],
        [Valid with { PoolSize = -1 }, "PoolSize -1"],
        [Valid with { MlpRatio = double.NaN }, "MlpRatio NaN"],
        [Valid with { LayerScale = 0 }, "LayerScale 0"],
        [Valid with { LayerScale = 1e-60 }, "LayerScale 1E-60"],
        [Valid with { LayerScale = double.NaN }, "LayerScale NaN"],
        [Valid with { IdleRatio = 1.1 }, "IdleRatio 1.1"],
        [Valid with { ActiveChannels = [1, 2] }, "ActiveChannels has 2"],
        [Valid with { ActiveChannels = [49, 2, 3] }, "ActiveChannels 49"],

        // Sizes that are possible each, but not together.
        [Valid with { ImageSize = 4103 }, "1024 x 1024 places"],
        [Valid with { Dims = [12, 1 << 16] , MlpRatio = 64 }, "MlpRatio 4194304"],
        [Valid with { Dims = [1 << 14, 1 << 16], MlpRatio = 0.1 }, "Dims 65536"],
        [Valid with { Classes = 1 << 24, Dims = [12, 256] }, "Classes 16777216"],
    ];

    [TestMethod]
    [DynamicData(nameof(Invalid))]
    public void An_impossible_network_is_refused_by_name(PoolFormerArchitecture architecture, string named)
    {
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(architecture.Validate);

        StringAssert.Contains(refusal.Message, named);
        Assert.ThrowsExactly<ArgumentException>(() => architecture.Cost(NetworkForm.Trained));
    }

    [TestMethod]
    public void Json_round_trip_keeps_family_and_value()
    {
        foreach (PoolFormerArchitecture architecture in new[]
        {
            PoolFormerArchitecture.M48, Valid with { IdleRatio = null }, Valid with { PoolSize = 5, LayerScale = 0.1, ActiveChannels = [1, 2, 3] },
        })
        {
            string json = JsonSerializer.Serialize<Architecture>(architecture);

            StringAssert.Contains(json, "\"family\":\"poolformer\"");
            Assert.AreEqual(architecture, JsonSerializer.Deserialize<Architecture>(json));
        }
    }

    [TestMethod]
    public void A_network_takes_exactly_its_own_tensors()
    {
        NamedTensors weights = RandomWeights.Create(Valid.Layers(NetworkForm.Trained), 1);
        foreach (Architecture other in new Architecture[] { Valid with { Dims = [12, 24] }, Valid with { Depths = [2, 2] }, Valid with { IdleRatio = null } })
        {
            Assert.ThrowsExactly<ArgumentException>(() => other.CreateNetwork(NetworkForm.Trained, weights), $"{other}");
        }

        Assert.ThrowsExactly<ArgumentException>(() => Valid.CreateNetwork(NetworkForm.Deployed, weights));
        Assert.AreSame(weights, Valid.CreateNetwork(NetworkForm.Trained, weights).Weights);
    }
}
