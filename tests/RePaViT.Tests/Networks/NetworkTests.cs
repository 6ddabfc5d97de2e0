using RePaViT.Inference;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Rewrites;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Networks;

[TestClass]
public sealed class NetworkTests
{
    // Float arithmetic through some ten layers, beside double.
    private const double Tolerance = 2e-5;

    private static readonly ViTArchitecture ViT = new() { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Heads = 3, Classes = 5 };
    private static readonly MixerArchitecture Mixer = new() { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Classes = 5 };

    [TestMethod]
    public void Outputs_without_a_head_are_what_the_network_has_there()
    {
        foreach (Architecture architecture in new Architecture[] { ViT, Mixer, ViT with { IdleRatio = null } })
        {
            Network trained = RandomWeights.Network(architecture, seed: 1);
            int tokens = architecture is ViTArchitecture ? 17 : 16;
            foreach (Network network in new[] { trained, FeedForwardMerging.Merge(trained), Folding.Fold(FeedForwardMerging.Merge(trained), new()) })
            {
                AssertComputes(network.TakeOutput(NetworkLayout.Features), new Shape(1, 24));
                AssertComputes(network.TakeOutput(NetworkLayout.Stage(1)), new Shape(tokens, 24));
                AssertComputes(network.TakeOutput(NetworkLayout.Logits), new Shape(1, 5));
            }
        }
    }

    [TestMethod]
    public void The_last_block_is_cut_to_the_class_token_only_where_nothing_else_is_read()
    {
        // The same blocks, averaged: every token counts.
        NetworkLayout layout = ViT.Layout(NetworkForm.Trained);
        Layer[] layers = [.. layout.Layers.Select(layer => layer is ClassTokenPooling pooling ? new AveragePooling(pooling.Tokens, pooling.Dim) : layer)];
        var network = new Network(layout with { Layers = layers }, RandomWeights.Create(layers, seed: 1), NetworkStage.Trained);

        AssertComputes(network, new Shape(1, 5));
        AssertComputes(FeedForwardMerging.Merge(network), new Shape(1, 5));
    }

    [TestMethod]
    public void An_output_that_is_not_there_is_refused_with_those_that_are()
    {
        var refusal = Assert.ThrowsExactly<ArgumentException>(() => RandomWeights.Network(ViT, seed: 1).TakeOutput("stage2"));
        StringAssert.Contains(refusal.Message, "'stage2'");
        StringAssert.Contains(refusal.Message, "stage1, features, logits");
    }

    [TestMethod]
    public void Layers_that_do_not_fit_each_other_are_refused()
    {
        var refusal = Assert.ThrowsExactly<ArgumentException>(
            () => new NetworkGraph([new LayerNormalization("a", 4, 6, 1e-5f), new LayerNormalization("b", 5, 6, 1e-5f)]));
        StringAssert.Contains(refusal.Message, "[5, 6]");
        StringAssert.Contains(refusal.Message, "[4, 6]");
    }

    [TestMethod]
    public void The_last_block_is_not_cut_where_the_tokens_are_read_too()
    {
        // Class token and average together, as of a network with a head of each.
        NetworkLayout layout = ViT.Layout(NetworkForm.Trained);
        Layer[] layers = [.. layout.Layers.Select(layer => layer is ClassTokenPooling pooling ? new BothPooling(pooling.Tokens, pooling.Dim) : layer)];
        var network = new Network(layout with { Layers = layers }, RandomWeights.Create(layers, seed: 1), NetworkStage.Trained);

        AssertComputes(network, new Shape(1, 5));
        AssertComputes(FeedForwardMerging.Merge(network), new Shape(1, 5));
    }

    private sealed record BothPooling(int Tokens, int Dim) : Layer
    {
        public override Shape Input => new(Tokens, Dim);

        public override Value Define(Graph graph, Value x)
            => graph.Add(new Add(null), graph.Add(new TakeRow(0), x), graph.Add(new AverageRows(), x));
    }

    private static void AssertComputes(Network network, Shape output)
    {
        const int Count = 3;
        Graph graph = network.ToGraph().Graph;
        Assert.AreEqual(output, graph.Output.Shape);
        float[] images = RandomWeights.Floats(Count * (int)graph.Input.Shape.Length, seed: 2);
        if (network.Stage == NetworkStage.Folded)
        {
            // Samples from 0 to 255, which it takes.
            images = Array.ConvertAll(images, value => 128 + 60 * value);
        }

        float[] actual = new float[Count * output.Length];
        double[] expected = new PlainNetwork(network).Forward(images);
        foreach (bool fuse in new[] { true, false })
        {
            InferencePlan.Compile(network, threads: 2, fuse: fuse).Run(images, Count, actual);
            double difference = Difference.Relative(expected, actual);
            Assert.IsTrue(difference <= Tolerance, $"{network.Stage}, {output}, fused {fuse}: {difference}");
        }
    }
}
