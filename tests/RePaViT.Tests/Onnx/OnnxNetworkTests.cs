using RePaViT.Benchmarks.Verification;
using RePaViT.Networks;
using RePaViT.Onnx;
using RePaViT.Operators;
using RePaViT.Rewrites;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Onnx;

/// <summary>A file means what the network computes: its graph is run as the operators' specification says.</summary>
[TestClass]
public sealed class OnnxNetworkTests
{
    /// <summary>Both sides run in double precision; only the constant sqrt(2) is rounded to float, by 2e-8.</summary>
    private const double Tolerance = 1e-7;

    /// <summary>The reference computed in float: a few roundings (6e-8) for each of its some 20 layers.</summary>
    private const double ReferenceTolerance = 2e-6;

    private static readonly ViTArchitecture Odd = new()
    {
        ImageSize = 15,
        PatchSize = 5,
        Dim = 21,
        Depth = 2,
        Heads = 3,
        Classes = 7,
        MlpRatio = 2.5,
    };

    private static readonly PoolFormerArchitecture PoolFormer = new() { ImageSize = 14, Depths = [1, 1], Dims = [6, 9], Classes = 5 };

    private static readonly LVViTArchitecture LVViT =
        new() { ImageSize = 12, PatchSize = 4, StemChannels = 6, Dim = 14, Depth = 2, Heads = 2, Classes = 5 };

    private static readonly MixerArchitecture Mixer = new() { ImageSize = 12, PatchSize = 4, Dim = 14, Depth = 2, Classes = 5 };

    [TestMethod]
    [DataRow(0.4, NetworkForm.Trained)]
    [DataRow(0.4, NetworkForm.Deployed)]
    [DataRow(0.0, NetworkForm.Trained)]
    [DataRow(0.0, NetworkForm.Deployed)]
    [DataRow(1.0, NetworkForm.Trained)]
    [DataRow(1.0, NetworkForm.Deployed)]
    [DataRow(null, NetworkForm.Trained)]
    public void The_graph_computes_the_network(double? idleRatio, NetworkForm form)
    {
        ViTArchitecture architecture = Odd with { IdleRatio = idleRatio };
        Network network = Folding.Fold(RandomWeights.Network(architecture, 3, form), new ImagePreprocessing());
        float[] images = [.. RandomWeights.Floats(2 * 3 * 15 * 15, 4).Select(value => 128 + 60 * value)];

        PlainOnnxGraph graph = Export(architecture, form, network);
        var values = PlainOnnx.Run(graph, new PlainTensor([2, 3, 15, 15], [.. images]));

        double[] expected = new PlainNetwork(network).Forward(images);
        double difference = Difference.Relative(expected, values["logits"].Data);
        Assert.IsTrue(difference <= Tolerance, $"logits differ by {difference}");

        double[] probabilities = [.. expected.Chunk(7).SelectMany(row => row.Select(logit => 1 / row.Sum(other => Math.Exp(other - logit))))];
        difference = Difference.Relative(probabilities, values["probabilities"].Data);
        Assert.IsTrue(difference <= Tolerance, $"probabilities differ by {difference}");
    }

    [TestMethod]
    [DataRow(0.6, NetworkForm.Trained)]
    [DataRow(0.6, NetworkForm.Deployed)]
    [DataRow(null, NetworkForm.Trained)]
    public void A_mixers_graph_computes_the_network(double? idleRatio, NetworkForm form)
    {
        MixerArchitecture architecture = Mixer with { IdleRatio = idleRatio };
        AssertComputes(architecture, Folding.Fold(RandomWeights.Network(architecture, 3, form), new ImagePreprocessing()), fuse: true);
    }

    /// <summary>What filters see would take an index for each of its elements.</summary>
    [TestMethod]
    [DataRow(0.6, NetworkForm.Trained)]
    [DataRow(0.6, NetworkForm.Deployed)]
    [DataRow(null, NetworkForm.Trained)]
    public void A_PoolFormers_graph_computes_the_network_with_convolutions(double? idleRatio, NetworkForm form)
    {
        PoolFormerArchitecture architecture = PoolFormer with { IdleRatio = idleRatio };
        PlainOnnxGraph graph = AssertComputes(
            architecture, Folding.Fold(RandomWeights.Network(architecture, 3, form), new ImagePreprocessing()), fuse: true);

        Assert.AreEqual(2, graph.Nodes.Count(node => node.Operator == "Conv"));
        Assert.IsFalse(graph.Nodes.Any(node => node.Operator == "Gather"));
    }

    /// <summary>Filters of the stem and those that make tokens: no table of indices, and nothing is normalized behind them.</summary>
    [TestMethod]
    [DataRow(0.6, NetworkForm.Trained, 2)]
    [DataRow(0.6, NetworkForm.Deployed, 0)]
    [DataRow(null, NetworkForm.Trained, 0)]
    public void An_LV_ViTs_graph_computes_the_network_with_convolutions(double? idleRatio, NetworkForm form, int normsPerBlock)
    {
        LVViTArchitecture architecture = LVViT with { IdleRatio = idleRatio };
        PlainOnnxGraph graph = AssertComputes(
            architecture, Folding.Fold(RandomWeights.Network(architecture, 3, form), new ImagePreprocessing()), fuse: true);

        Assert.AreEqual(4, graph.Nodes.Count(node => node.Operator == "Conv"));
        Assert.AreEqual(3, graph.Nodes.Count(node => node.Operator == "Relu"));
        Assert.AreEqual(normsPerBlock * architecture.Depth, graph.Nodes.Count(node => node.Operator == "BatchNormalization"));
    }

    [TestMethod]
    public void Operators_written_one_by_one_compute_the_network_too()
    {
        foreach (Architecture architecture in new Architecture[] { Odd, Mixer, PoolFormer, LVViT })
        {
            foreach (NetworkForm form in Enum.GetValues<NetworkForm>())
            {
                // Not folded, so that the scale of attention and the affine part of its normalization are in the graph.
                AssertComputes(architecture, RandomWeights.Network(architecture, 3, form), fuse: false);
            }
        }
    }

    [TestMethod]
    public void Outputs_without_a_head_are_written_with_their_shape()
    {
        foreach ((Architecture architecture, int tokens, int dim) in new (Architecture, int, int)[] { (Odd, 10, 21), (Mixer, 9, 14) })
        {
            Network network = Folding.Fold(RandomWeights.Network(architecture, 3, NetworkForm.Deployed), new ImagePreprocessing());
            foreach (bool fuse in new[] { true, false })
            {
                CollectionAssert.AreEqual(
                    new[] { $"logits[batch,{dim}]", $"probabilities[batch,{dim}]" },
                    AssertComputes(architecture, network.TakeOutput(NetworkLayout.Features), fuse).Outputs);
                CollectionAssert.AreEqual(
                    new[] { $"logits[batch,{tokens},{dim}]", $"probabilities[batch,{tokens},{dim}]" },
                    AssertComputes(architecture, network.TakeOutput(NetworkLayout.Stage(1)), fuse).Outputs);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.Names), typeof(OperatorNetworks))]
    public void Every_operator_is_written_as_it_is_defined(string name)
    {
        Network network = OperatorNetworks.Create(name);
        AssertComputes(Odd, network, fuse: true);
        AssertComputes(Odd, network, fuse: false);
    }

    private static PlainOnnxGraph AssertComputes(Architecture architecture, Network network, bool fuse)
    {
        var model = new ProtobufMessage();
        model.Add(OnnxSchema.Model.Graph, OnnxNetwork.CreateGraph(architecture, network, fuse: fuse).ToMessage("", ""));
        using var stream = new MemoryStream();
        model.WriteTo(stream);
        Shape input = network.ToGraph().Graph.Input.Shape;
        float[] images = RandomWeights.Floats(2 * (int)input.Length, 4);
        int size = (int)Math.Sqrt(input.Columns);
        int[] shape = size * size == input.Columns ? [2, input.Rows, size, size] : [2, input.Rows, input.Columns];

        var graph = new PlainOnnxGraph(stream.ToArray());
        double[] actual = PlainOnnx.Run(graph, new PlainTensor(shape, [.. images]))["logits"].Data;

        double difference = Difference.Relative(new PlainNetwork(network).Forward(images), actual);
        Assert.IsTrue(difference <= Tolerance, $"{architecture.GetType().Name}: logits differ by {difference}");
        return graph;
    }

    [TestMethod]
    public void Inputs_and_outputs_are_typed_with_a_free_batch()
    {
        PlainOnnxGraph graph = Export(Odd, NetworkForm.Deployed, Folding.Fold(RandomWeights.Network(Odd, 3, NetworkForm.Deployed), new ImagePreprocessing()));

        CollectionAssert.AreEqual(new[] { "image[batch,3,15,15]" }, graph.Inputs);
        CollectionAssert.AreEqual(new[] { "logits[batch,7]", "probabilities[batch,7]" }, graph.Outputs);
        Assert.IsFalse(graph.Nodes.Any(node => node.Operator == "BatchNormalization"));
    }

    [TestMethod]
    public void A_graph_for_rows_takes_one_image_and_gives_one_vector()
    {
        Network network = Folding.Fold(RandomWeights.Network(Odd, 3, NetworkForm.Deployed), new ImagePreprocessing());
        var row = new OnnxRow("pixels", "scores", [.. Enumerable.Range(0, Odd.Classes).Select(i => $"class {i}")]);

        PlainOnnxGraph graph = Export(Odd, NetworkForm.Deployed, network, new OnnxFileOptions { Row = row });

        CollectionAssert.AreEqual(new[] { "pixels[1,values]" }, graph.Inputs);
        CollectionAssert.AreEqual(new[] { "scores[7]" }, graph.Outputs);
        Assert.AreEqual("LabelEncoder", graph.Nodes[^1].Operator);

        double[] image = [.. RandomWeights.Floats(3 * 15 * 15, 4).Select(value => 128d + 60 * value)];
        PlainTensor scores = PlainOnnx.Run(graph, new PlainTensor([1, image.Length], image))["scores"];
        var batches = PlainOnnx.Run(Export(Odd, NetworkForm.Deployed, network), new PlainTensor([1, 3, 15, 15], image));
        CollectionAssert.AreEqual(new[] { 7 }, scores.Shape);
        CollectionAssert.AreEqual(batches["probabilities"].Data, scores.Data);
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void Further_outputs_are_what_the_network_has_there(Architecture architecture)
    {
        Network network = Folding.Fold(RandomWeights.Network(architecture, 3, NetworkForm.Deployed), new ImagePreprocessing());
        string[] outputs = [.. network.Layout.Outputs.Select(output => output.Name)];
        float[] images = [.. RandomWeights.Floats(2 * 3 * 12 * 12, 4).Select(value => 128 + 60 * value)];

        PlainOnnxGraph graph = Export(architecture, NetworkForm.Deployed, network, new OnnxFileOptions { Outputs = outputs });
        var values = PlainOnnx.Run(graph, new PlainTensor([2, 3, 12, 12], [.. images]));

        Assert.HasCount(outputs.Length + 1, graph.Outputs);
        foreach (string output in outputs)
        {
            Network part = network.TakeOutput(output);
            Shape shape = part.ToGraph().Graph.Output.Shape;
            int[] expected = shape.Rows == 1 ? [2, shape.Columns] : [2, shape.Rows, shape.Columns];
            CollectionAssert.AreEqual(expected, values[output].Shape);
            Assert.Contains($"{output}[{string.Join(',', expected[1..].Select(size => $"{size}").Prepend("batch"))}]", graph.Outputs);
            double difference = Difference.Relative(new PlainNetwork(part).Forward(images), values[output].Data);
            Assert.IsTrue(difference <= Tolerance, $"{output} differs by {difference}");
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
    [DataRow("poolformer_vanilla")]
    [DataRow("poolformer_idle075")]
    [DataRow("lvvit_idle075")]
    [DataRow("swin_vanilla")]
    [DataRow("swin_idle075")]
    public void The_graph_gives_the_reference_logits_in_both_forms(string name)
    {
        var fixture = new NetworkFixture(GoldenFile.Read(Fixture.Path(name)));
        AssertLogits(fixture, NetworkForm.Trained, fixture.Trained);
        if (!fixture.Architecture.IsVanilla)
        {
            AssertLogits(fixture, NetworkForm.Deployed, FeedForwardMerging.Merge(fixture.Trained));
        }
    }

    private static void AssertLogits(NetworkFixture fixture, NetworkForm form, Network network)
    {
        // A mean of 0 and a deviation of 1/255 leave the input as it is, and the fixture's is normalized already.
        const float Identity = 1 / 255f;
        var preprocessing = new ImagePreprocessing { Mean = default, StandardDeviation = new Rgb(Identity, Identity, Identity) };
        PlainOnnxGraph graph = Export(fixture.Architecture, form, Folding.Fold(network, preprocessing));

        var values = PlainOnnx.Run(graph, new PlainTensor(fixture.Input.Shape.ToArray(), [.. fixture.Input.Data]));

        double difference = Difference.Relative(fixture.Logits.Data, values["logits"].Data);
        Assert.IsTrue(difference <= ReferenceTolerance, $"{form}: logits differ by {difference}");
    }

    private static PlainOnnxGraph Export(
        Architecture architecture, NetworkForm form, Network network, OnnxFileOptions? options = null)
    {
        using var stream = new MemoryStream();
        OnnxWriter.Write(
            stream,
            new ModelDescription
            {
                Architecture = architecture,
                Form = form,
                ClassNames = [.. Enumerable.Range(0, architecture.Classes).Select(i => $"class {i}")],
                Preprocessing = new ImagePreprocessing(),
            },
            network,
            options);
        return new PlainOnnxGraph(stream.ToArray());
    }
}
