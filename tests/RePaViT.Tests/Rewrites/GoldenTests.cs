using RePaViT.Benchmarks.Verification;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Rewrites;

/// <summary>The plain network and the reparameterization against the reference implementation.</summary>
[TestClass]
public sealed class GoldenTests
{
    /// <summary>The reference computed in float: a few roundings (6e-8) for each of its some 20 layers.</summary>
    private const double Tolerance = 2e-6;

    [TestMethod]
    [DataRow("vit_vanilla")]
    [DataRow("vit_idle025")]
    [DataRow("vit_idle050")]
    [DataRow("vit_idle075")]
    [DataRow("vit_idle100")]
    [DataRow("vit_heuristic_linear")]
    [DataRow("mixer_vanilla")]
    [DataRow("mixer_idle075")]
    [DataRow("poolformer_vanilla")]
    [DataRow("poolformer_idle075")]
    [DataRow("lvvit_idle075")]
    public void Logits_and_merged_weights_are_those_of_the_reference(string name)
    {
        var fixture = new NetworkFixture(GoldenFile.Read(Fixture.Path(name)));

        AssertNear(fixture.Logits.Data, new PlainNetwork(fixture.Trained).Forward(fixture.Input.Data), "eval.logits");
        if (fixture.Architecture.IsVanilla)
        {
            return;
        }

        Network merged = FeedForwardMerging.Merge(fixture.Trained);
        WeightTensor expected = fixture.HasReparameterized ? fixture.ReparameterizedLogits : fixture.Logits;
        AssertNear(expected.Data, new PlainNetwork(merged).Forward(fixture.Input.Data), "reparam.logits");
        IEnumerable<TensorSpec> tensors = fixture.HasReparameterizedWeights
            ? merged.Layers.OfType<ReparameterizedFeedForward>().SelectMany(layer => layer.Tensors)
            : [];
        foreach (TensorSpec tensor in tensors)
        {
            AssertNear(
                fixture.Reparameterized(tensor.Name).Data,
                Array.ConvertAll(merged.Weights[tensor.Name].Data.ToArray(), value => (double)value),
                tensor.Name);
        }
    }

    [TestMethod]
    public void The_linear_heuristic_is_that_of_the_reference()
    {
        var fixture = new NetworkFixture(GoldenFile.Read(Fixture.Path("vit_heuristic_linear")));
        Architecture byRatio = fixture.Architecture with { ActiveChannels = null };

        for (int block = 0; block < fixture.Architecture.BlockCount; block++)
        {
            // The reference's rounding may add one channel to what the ratio gives exactly.
            int more = fixture.Architecture.ActiveChannelsOf(block) - byRatio.ActiveChannelsOf(block);
            Assert.IsTrue(more is 0 or 1, $"block {block}: {more}");
        }
    }

    private static void AssertNear(ReadOnlySpan<float> expected, double[] actual, string tensor)
    {
        double difference = Difference.Relative(expected, actual);
        Assert.IsTrue(difference <= Tolerance, $"{tensor} differs by {difference:g3} of its largest.");
    }
}
