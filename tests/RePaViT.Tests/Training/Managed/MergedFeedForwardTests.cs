using RePaViT.Kernels;
using RePaViT.Layers;
using RePaViT.Operators;
using RePaViT.Tests.Support;
using RePaViT.Threading;
using RePaViT.Training.Managed;
using RePaViT.Training.Managed.Fused;

namespace RePaViT.Tests.Training.Managed;

/// <summary>The two ways of training a channel-idle feed-forward layer, beside each other.</summary>
[TestClass]
public class MergedFeedForwardTests
{
    // Both ways round in float; a gradient is a sum over some hundred rows and passes two normalizations.
    private const double Tolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    [TestMethod]
    [DataRow(7, 5, 9, 36, 9)]
    [DataRow(7, 5, 9, 36, 0)]
    [DataRow(7, 5, 9, 36, 35)]
    [DataRow(40, 17, 24, 96, 24)]
    [DataRow(33, 10, 15, 40, 11)]
    [DataRow(3, 65, 48, 192, 48)]
    public void Values_gradients_and_running_statistics_equal_the_plain_step(
        int images, int tokens, int dim, int hidden, int active)
    {
        var layer = new ChannelIdleFeedForward("mlp", tokens, dim, hidden, active, 1e-5f, DropPathPosition.Deepest);
        NamedTensors weights = RandomWeights.Create([layer], seed: 1);
        var context = new TrainingContext(ThreadTeam.Get(2), images, seed: 3) { Images = images, DropPathKey = 5 };
        ChannelIdleBranch branch = ChannelIdleBranch.Find(layer.ToGraph(), 0)!;
        TrainingOperator plain = new ChannelIdleFeedForwardTraining(branch, tokens, context);
        TrainingOperator merged = new MergedFeedForwardTraining(branch, tokens, context);
        int rows = images * tokens;
        PinnedBuffer x = Fill(rows * dim, seed: 2);
        PinnedBuffer expectedOutput = new(rows * dim);
        PinnedBuffer actualOutput = new(rows * dim);
        float[] dy = RandomWeights.Floats(rows * dim, seed: 3);

        // Two steps: what a first one leaves behind must not reach the second.
        for (int step = 0; step < 2; step++)
        {
            PinnedBuffer dPlain = Fill(rows * dim, seed: 3);
            PinnedBuffer dMerged = Fill(rows * dim, seed: 3);
            Set(plain, weights);
            Set(merged, weights);
            plain.Forward(context, x.AsMatrix(rows, dim), expectedOutput.AsMatrix(rows, dim));
            merged.Forward(context, x.AsMatrix(rows, dim), actualOutput.AsMatrix(rows, dim));
            AreClose(expectedOutput.Span, actualOutput.Span, Tolerance, "output");

            // As in a network: the gradient of the shortcut stands where that of the branch is read.
            Backward(plain, dPlain);
            Backward(merged, dMerged);
            AreClose(dPlain.Span, dMerged.Span, GradientTolerance, "gradient of the input");
            Assert.IsFalse(dPlain.Span.SequenceEqual(dy), "the branch has a gradient");
            GC.KeepAlive(x);
        }

        void Backward(TrainingOperator operation, PinnedBuffer gradient)
        {
            Matrix d = gradient.AsMatrix(rows, dim);
            operation.Backward(context, default, default, d, d, accumulate: true);
        }

        TrainingParameter[] expectedParameters = [.. plain.Parameters];
        TrainingParameter[] actualParameters = [.. merged.Parameters];
        double largest = expectedParameters.Max(parameter => Largest(parameter.Gradient));
        Assert.AreEqual(12, expectedParameters.Length);
        foreach ((TrainingParameter expected, TrainingParameter actual) in expectedParameters.Zip(actualParameters))
        {
            Assert.AreEqual(expected.Spec.Name, actual.Spec.Name);
            AreClose(expected.Value, actual.Value, Tolerance, expected.Spec.Name);

            // The bias of an idle channel has no effect: what stands there is rounding noise, small beside the others.
            double magnitude = Math.Max(Largest(expected.Gradient), 1e-3 * largest);
            for (int i = 0; i < expected.Gradient.Length; i++)
            {
                double difference = Math.Abs(expected.Gradient[i] - actual.Gradient[i]) / magnitude;
                Assert.IsTrue(difference <= GradientTolerance, $"gradient of {expected.Spec.Name} [{i}]: {difference}");
            }
        }
    }

    [TestMethod]
    public void The_cheaper_way_is_taken()
    {
        Assert.IsTrue(Branch(active: 192).IsMergingCheaper(128 * 65));
        Assert.IsFalse(Branch(active: 192).IsMergingCheaper(2 * 65));
        Assert.IsFalse(Branch(active: 768).IsMergingCheaper(128 * 65));

        static ChannelIdleBranch Branch(int active)
        {
            var layer = new ChannelIdleFeedForward("mlp", 65, 192, 768, active, 1e-5f, DropPathPosition.Deepest);
            return ChannelIdleBranch.Find(layer.ToGraph(), 0)!;
        }
    }

    private static PinnedBuffer Fill(int length, int seed)
    {
        var buffer = new PinnedBuffer(length);
        RandomWeights.Floats(length, seed).CopyTo(buffer.Span);
        return buffer;
    }

    private static void Set(TrainingOperator layer, NamedTensors weights)
    {
        foreach (TrainingParameter parameter in layer.Parameters)
        {
            weights[parameter.Spec.Name].Data.CopyTo(parameter.Value);
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

    private static void AreClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance, string what)
    {
        double difference = Difference.Relative(expected, actual);
        Assert.IsTrue(difference <= tolerance, $"{what}: {difference}");
    }
}
