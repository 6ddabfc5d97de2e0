using System.Text.Json;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Architectures;

[TestClass]
public sealed class SwinArchitectureTests
{
    private static readonly SwinArchitecture Valid =
        new() { Dim = 12, Depths = [2, 2], Heads = [2, 3], ImageSize = 32, Window = 4, Classes = 5 };

    /// <summary>RePaViT's table 1, in millions: vanilla, trained, and deployed with half and a quarter of the channels active.</summary>
    [TestMethod]
    [DataRow("Swin-Tiny", 28.288, 28.324, 21.801, 17.484)]
    [DataRow("Swin-Small", 49.606, 49.678, 37.792, 29.931)]
    [DataRow("Swin-Base", 87.768, 87.864, 66.781, 52.810)]
    public void Presets_have_the_parameters_of_the_reference(
        string name, double vanilla, double trained, double half, double quarter)
    {
        var preset = (SwinArchitecture)Architecture.Preset(name);

        AssertMillions(vanilla, preset with { IdleRatio = null }, NetworkForm.Trained);
        AssertMillions(trained, preset, NetworkForm.Trained);
        AssertMillions(half, preset with { IdleRatio = 0.5 }, NetworkForm.Deployed);
        AssertMillions(quarter, preset, NetworkForm.Deployed);

        static void AssertMillions(double expected, Architecture architecture, NetworkForm form)
            => Assert.AreEqual(expected, Math.Round(architecture.Cost(form).Parameters / 1e6, 3));
    }

    [TestMethod]
    public void Every_other_block_is_shifted_unless_its_window_covers_the_map()
    {
        // 8 x 8 patches, then 4 x 4.
        Assert.AreEqual("4/0 4/2 4/0 4/0", Windows(Valid));
        Assert.AreEqual("3/0 3/1 3/0 3/1", Windows(Valid with { Window = 3 }));
        Assert.AreEqual("7/0 7/3 4/0 4/0", Windows(Valid with { Window = 7 }));
        Assert.AreEqual("8/0 8/0 4/0 4/0", Windows(Valid with { Window = 9 }));

        static string Windows(SwinArchitecture architecture) => string.Join(' ', architecture.Layers(NetworkForm.Trained)
            .OfType<AttentionBlock>().Select(block => $"{block.Windows!.Value.Window}/{block.Windows.Value.Shift}"));
    }

    [TestMethod]
    public void Maps_of_odd_size_are_filled_up()
    {
        // 7 x 7 patches, 4 x 4, 2 x 2.
        SwinArchitecture architecture = Valid with { ImageSize = 28, Depths = [1, 1, 1], Heads = [2, 2, 2] };

        int[] tokens = [.. architecture.Layers(NetworkForm.Trained).OfType<AttentionBlock>().Select(block => block.Tokens)];

        CollectionAssert.AreEqual(new[] { 49, 16, 4 }, tokens);
    }

    [TestMethod]
    public void Later_blocks_are_dropped_the_more_often_also_from_stage_to_stage()
    {
        double[] rates = [.. new NetworkGraph(Valid.Layers(NetworkForm.Trained)).Graph.Nodes
            .Select(node => node.Operator).OfType<Add>().Select(add => Math.Round(add.DropPath!.Value.RateOf(0.3), 9))];

        CollectionAssert.AreEqual(new[] { 0, 0, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3 }, rates);
    }

    [TestMethod]
    public void Multiply_adds_are_counted_product_by_product()
    {
        // 4 x 4 patches of 48 samples, 6 channels, 24 hidden of which 6 are active, two windows a side; then 2 x 2 of 12, 48 and 12.
        SwinArchitecture architecture = new() { ImageSize = 16, Dim = 6, Depths = [1, 1], Heads = [2, 3], Window = 2, Classes = 3 };
        const long Outer = 16 * 48 * 6 + 4 * 24 * 12 + 12 * 3;

        NetworkCost trained = architecture.Cost(NetworkForm.Trained);

        Assert.AreEqual(Outer + 16 * (4 * 6 * 6 + 2 * 6 * 24) + 4 * (4 * 12 * 12 + 2 * 12 * 48), trained.WeightMultiplyAdds);
        Assert.AreEqual(2 * 16 * 4 * 6 + 2 * 4 * 4 * 12, trained.AttentionMultiplyAdds);
        Assert.AreEqual(
            Outer + 16 * (4 * 6 * 6 + 3 * 6 * 6) + 4 * (4 * 12 * 12 + 3 * 12 * 12), architecture.Cost(NetworkForm.Deployed).WeightMultiplyAdds);
    }

    public static IEnumerable<object[]> Invalid() =>
    [
        [Valid with { ImageSize = 0 }, "ImageSize 0"],
        [Valid with { PatchSize = 0 }, "PatchSize 0"],
        [Valid with { PatchSize = 7 }, "multiple of PatchSize 7"],
        [Valid with { Classes = 0 }, "Classes 0"],
        [Valid with { Dim = 0 }, "Dim 0"],
        [Valid with { Depths = [], Heads = [] }, "number of Depths 0"],
        [Valid with { Depths = [2, 0] }, "Depths 0"],
        [Valid with { Depths = [1000, 1000] }, "sum of Depths 2000"],
        [Valid with { Depths = [int.MaxValue, int.MaxValue] }, "Depths 2147483647"],
        [Valid with { Heads = [2] }, "Heads has 1"],
        [Valid with { Heads = [2, 5] }, "Heads 5 of stage 2"],
        [Valid with { Heads = [2, 0] }, "Heads 0"],
        [Valid with { Window = 0 }, "Window 0"],
        [Valid with { MlpRatio = double.NaN }, "MlpRatio NaN"],
        [Valid with { IdleRatio = 1.1 }, "IdleRatio 1.1"],
        [Valid with { ActiveChannels = [1, 2, 3] }, "ActiveChannels has 3"],
        [Valid with { ActiveChannels = [1, 2, 3, 97] }, "ActiveChannels 97"],

        // Sizes that are possible each, but not together.
        [Valid with { ImageSize = 16384 }, "1024 x 1024 patches"],
        [Valid with { ImageSize = 4096, Window = 512 }, "Window 512"],
        [Valid with { Dim = 1 << 15, Heads = [1, 1], MlpRatio = 64 }, "65536"],
        [Valid with { Classes = 1 << 24, Dim = 1 << 7, Heads = [1, 1] }, "Classes 16777216"],
    ];

    [TestMethod]
    [DynamicData(nameof(Invalid))]
    public void An_impossible_network_is_refused_by_name(SwinArchitecture architecture, string named)
    {
        ArgumentException refusal = Assert.ThrowsExactly<ArgumentException>(architecture.Validate);

        StringAssert.Contains(refusal.Message, named);
        StringAssert.Contains($"{architecture}", nameof(SwinArchitecture));
        Assert.ThrowsExactly<ArgumentException>(() => architecture.Cost(NetworkForm.Trained));
    }

    [TestMethod]
    public void Json_round_trip_keeps_family_and_value()
    {
        foreach (Architecture architecture in new Architecture[] { SwinArchitecture.Base, Valid with { IdleRatio = null, ActiveChannels = [1, 2, 3, 4] } })
        {
            string json = JsonSerializer.Serialize(architecture);

            StringAssert.Contains(json, "\"family\":\"swin\"");
            Assert.AreEqual(architecture, JsonSerializer.Deserialize<Architecture>(json));
        }
    }

    [TestMethod]
    public void A_network_takes_its_own_tensors_and_what_PyTorch_stores_besides()
    {
        NamedTensors weights = RandomWeights.Create(Valid.Layers(NetworkForm.Trained), 1);
        weights.Add("layers.0.blocks.1.attn.relative_position_index", new WeightTensor(new float[256], 16, 16));
        weights.Add("layers.0.blocks.1.attn_mask", new WeightTensor(new float[1024], 4, 16, 16));
        foreach (SwinArchitecture other in new[] { Valid with { Dim = 24 }, Valid with { Window = 3 }, Valid with { Depths = [2, 1] }, Valid with { Heads = [2, 4] } })
        {
            Assert.ThrowsExactly<ArgumentException>(() => other.CreateNetwork(NetworkForm.Trained, weights), $"{other}");
        }

        Valid.CreateNetwork(NetworkForm.Trained, weights);
    }
}
