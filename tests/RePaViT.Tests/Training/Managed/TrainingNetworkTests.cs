using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Support;
using RePaViT.Threading;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training.Managed;

/// <summary>Operators by themselves, and runs of them that are done as one.</summary>
[TestClass]
public sealed class TrainingNetworkTests
{
    // Float roundings on two ways through some ten layers and back.
    private const double Tolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    public static IEnumerable<object[]> Architectures() =>
    [
        [new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Heads = 3, Classes = 5, IdleRatio = 0.75 }, 0.3],
        [new ViTArchitecture { ImageSize = 8, PatchSize = 4, Dim = 12, Depth = 3, Heads = 3, Classes = 4, ActiveChannels = [48, 0, 7] }, 0.0],
        [new MixerArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 2, Classes = 5, IdleRatio = 0.6 }, 0.3],
        [new SwinArchitecture { ImageSize = 20, Dim = 24, Depths = [2, 1], Heads = [3, 2], Window = 2, Classes = 5, IdleRatio = 0.6 }, 0.3],
    ];

    [TestMethod]
    [DynamicData(nameof(Architectures))]
    public void Runs_of_operators_give_what_operators_give(Architecture architecture, double dropPathRate)
        => AssertSame(RandomWeights.Network(architecture, seed: 1), dropPathRate);

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.TrainableNames), typeof(OperatorNetworks))]
    public void What_is_read_elsewhere_is_computed(string name) => AssertSame(OperatorNetworks.Create(name), dropPathRate: 0);

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.UntrainableNames), typeof(OperatorNetworks))]
    public void What_cannot_be_trained_is_refused(string name)
    {
        Graph graph = OperatorNetworks.Create(name).ToGraph().Graph;
        var refusal = Assert.ThrowsExactly<NotSupportedException>(
            () => new TrainingNetwork(graph, new TrainingContext(ThreadTeam.Get(1), batchSize: 2, seed: 3), dropPathRate: 0));
        StringAssert.Contains(refusal.Message, "must be the last to read");
    }

    private static void AssertSame(Network network, double dropPathRate)
    {
        const int Images = 9;
        float[] images = RandomWeights.Floats(Images * (int)network.ToGraph().Graph.Input.Shape.Length, seed: 2);
        (float[] Result, TrainingParameter[] Parameters) fused = Step(fuse: true);
        (float[] Result, TrainingParameter[] Parameters) single = Step(fuse: false);

        AssertNear(single.Result, fused.Result, Tolerance, 0, "result");
        double largest = single.Parameters.Max(parameter => Largest(parameter.Gradient));
        foreach ((TrainingParameter expected, TrainingParameter actual) in single.Parameters.Zip(fused.Parameters))
        {
            Assert.AreEqual(expected.Spec.Name, actual.Spec.Name);
            AssertNear(expected.Value, actual.Value, Tolerance, 0, expected.Spec.Name);

            // A bias in front of a batch normalization has no effect: what stands there is rounding noise.
            AssertNear(expected.Gradient, actual.Gradient, GradientTolerance, 1e-3 * largest, $"gradient of {expected.Spec.Name}");
        }

        (float[] Result, TrainingParameter[] Parameters) Step(bool fuse)
        {
            var context = new TrainingContext(ThreadTeam.Get(2), Images, seed: 3) { DropPathKey = 7 };
            var training = new TrainingNetwork(network.ToGraph().Graph, context, dropPathRate, fuse);
            TrainingParameter[] parameters = [.. training.Parameters];
            foreach (TrainingParameter parameter in parameters)
            {
                network.Weights[parameter.Spec.Name].Data.CopyTo(parameter.Value);
            }

            float[] result = training.Forward(images, Images).AsSpan().ToArray();
            RandomWeights.Floats(result.Length, seed: 4).CopyTo(training.OutputGradient.AsSpan());
            training.Backward();
            return (result, parameters);
        }
    }

    private static double Largest(ReadOnlySpan<float> values)
    {
        double largest = 0;
        foreach (float value in values)
        {
            largest = Math.Max(largest, Math.Abs(value));
        }

        return largest;
    }

    private static void AssertNear(
        ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, double smallestMagnitude, string name)
    {
        double difference = expected.IsEmpty ? 0 : Difference.Relative(expected, actual, smallestMagnitude);
        Assert.IsTrue(difference <= tolerance, $"{name} differs by {difference:g3} of its largest.");
    }
}
