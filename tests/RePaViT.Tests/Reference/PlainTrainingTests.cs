using RePaViT.Benchmarks.Verification;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Reference;

/// <summary>The training oracle against the reference implementation and against finite differences.</summary>
[TestClass]
public sealed class PlainTrainingTests
{
    /// <summary>The reference computed in float: roundings (6e-8) through some 40 layers, forward and backward.</summary>
    private const double Tolerance = 1e-5;

    [TestMethod]
    [DataRow("vit_vanilla")]
    [DataRow("vit_idle025")]
    [DataRow("vit_idle100")]
    [DataRow("vit_heuristic_linear")]
    [DataRow("mixer_vanilla")]
    [DataRow("mixer_idle075")]
    [DataRow("poolformer_vanilla")]
    [DataRow("poolformer_idle075")]
    [DataRow("lvvit_idle075")]
    public void Loss_gradients_and_statistics_are_those_of_the_reference(string name)
    {
        var fixture = new NetworkFixture(GoldenFile.Read(Fixture.Path(name)));
        double[,] targets = new double[fixture.Images, fixture.Architecture.Classes];
        for (int image = 0; image < fixture.Images; image++)
        {
            targets[image, fixture.Targets[image]] = 1;
        }

        PlainStep step = PlainTraining.Run(fixture.Trained, fixture.Input.Data, targets);

        AssertNear(fixture.Loss.Data, [step.Loss], "loss", 0);
        double largest = step.Gradients.Keys.Max(tensor => fixture.Gradient(tensor).Data.ToArray().Max(Math.Abs));
        foreach ((string tensor, double[] gradient) in step.Gradients)
        {
            // Gradients that are zero by nature, as of a bias in front of a batch normalization, are noise in the reference; that of
            // a bias which pooling less its input takes out again is a sum over all places.
            double floor = fixture.Architecture is PoolFormerArchitecture && tensor.EndsWith("norm1.bias", StringComparison.Ordinal) ? 1 : 1e-2;
            AssertNear(fixture.Gradient(tensor).Data, gradient, tensor, floor * largest);
        }

        foreach ((string tensor, double[] statistic) in step.Statistics)
        {
            AssertNear(fixture.StatisticAfter(tensor).Data, statistic, tensor, 0);
        }

        TensorSpec[] tensors = [.. fixture.Trained.Layers.SelectMany(layer => layer.Tensors)];
        Assert.HasCount(tensors.Count(tensor => tensor.IsTrained), step.Gradients);
        Assert.HasCount(tensors.Count(tensor => !tensor.IsTrained), step.Statistics);
    }

    public static IEnumerable<object[]> Architectures() =>
    [
        [new ViTArchitecture { ImageSize = 6, PatchSize = 3, Dim = 6, Depth = 2, Heads = 2, Classes = 3, MlpRatio = 2, ActiveChannels = [5, 0] }],
        [new MixerArchitecture { ImageSize = 6, PatchSize = 3, Dim = 5, Depth = 2, Classes = 3, MlpRatio = 2, ActiveChannels = [4, 0] }],
        [new MixerArchitecture { ImageSize = 6, PatchSize = 2, Dim = 4, Depth = 1, Classes = 3, IdleRatio = null }],
        [new PoolFormerArchitecture { ImageSize = 9, Depths = [1, 1], Dims = [4, 5], Classes = 3, MlpRatio = 2, ActiveChannels = [5, 0] }],
        [new PoolFormerArchitecture { ImageSize = 9, Depths = [1], Dims = [4], Classes = 3, IdleRatio = null }],
        [new LVViTArchitecture { ImageSize = 4, PatchSize = 2, StemChannels = 3, Dim = 4, Depth = 2, Heads = 2, Classes = 3, ActiveChannels = [5, 0] }],
        [new LVViTArchitecture { ImageSize = 4, PatchSize = 2, StemChannels = 3, Dim = 4, Depth = 1, Heads = 1, Classes = 3, IdleRatio = null }],
        [new SwinArchitecture { ImageSize = 6, PatchSize = 2, Dim = 4, Depths = [2], Heads = [2], Window = 2, Classes = 3, MlpRatio = 2 }],
        .. from norm in Enum.GetValues<FeedForwardNorm>()
           from structure in Enum.GetValues<FeedForwardStructure>()
           select new object[]
           {
               new PoolFormerArchitecture
               {
                   ImageSize = 9, Depths = [1, 1], Dims = [4, 5], Classes = 3, MlpRatio = 2, ActiveChannels = [5, 0], LayerScale = 0.5,
                   FeedForwardNorm = norm, FeedForwardStructure = structure,
               },
           },
    ];

    [TestMethod]
    [DynamicData(nameof(Architectures))]
    public void Gradients_are_the_slopes_of_the_loss(Architecture architecture)
        => AssertSlopes(RandomWeights.Network(architecture, seed: 1));

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.Names), typeof(OperatorNetworks))]
    public void Gradients_of_operators_are_the_slopes_of_the_loss(string name) => AssertSlopes(OperatorNetworks.Create(name));

    private static void AssertSlopes(Network network)
    {
        Graph graph = network.ToGraph().Graph;
        float[] images = RandomWeights.Floats(3 * (int)graph.Input.Shape.Length, seed: 2);
        double[,] targets = new double[3, graph.Output.Shape.Columns];
        (targets[0, 0], targets[0, 1], targets[0, 2]) = (0.2, 0.3, 0.5);
        targets[1, 0] = 1;
        (targets[2, 0], targets[2, 1], targets[2, 2]) = (0.05, 0.9, 0.05);
        double Keep(Add sum, int branch, int image) => (branch + image) % 4 == 0 ? 0 : 1.25;
        PlainStep step = PlainTraining.Run(network, images, targets, Keep, OperatorNetworks.Exchanged);

        foreach ((string name, double[] gradient) in step.Gradients)
        {
            for (int i = 0; i < gradient.Length; i += Math.Max(1, gradient.Length / 3))
            {
                // A step that a float holds exactly, so that only the cut-off of the difference is left: h^2.
                const float H = 1f / 4096;
                double up = PlainTraining.Run(Moved(network, name, i, H, out float above), images, targets, Keep, OperatorNetworks.Exchanged).Loss;
                double down = PlainTraining.Run(Moved(network, name, i, -H, out float below), images, targets, Keep, OperatorNetworks.Exchanged).Loss;
                double slope = (up - down) / ((double)above - below);

                Assert.IsTrue(Math.Abs(slope - gradient[i]) <= 1e-5 * Math.Max(1, Math.Abs(slope)), $"{name}[{i}]: {slope}, {gradient[i]}");
            }
        }
    }

    private static Network Moved(Network network, string moved, int index, float by, out float value)
    {
        var weights = new NamedTensors();
        value = network.Weights[moved].Data[index] + by;
        foreach ((string name, WeightTensor tensor) in network.Weights)
        {
            float[] data = tensor.Data.ToArray();
            if (name == moved)
            {
                data[index] = value;
            }

            weights.Add(name, new WeightTensor(data, tensor.Shape));
        }

        return new Network(network.Layout, weights, network.Stage);
    }

    private static void AssertNear(ReadOnlySpan<float> expected, double[] actual, string tensor, double smallestMagnitude)
    {
        double difference = Difference.Relative(expected, actual, smallestMagnitude);
        Assert.IsTrue(difference <= Tolerance, $"{tensor} differs by {difference:g3} of its largest.");
    }
}
