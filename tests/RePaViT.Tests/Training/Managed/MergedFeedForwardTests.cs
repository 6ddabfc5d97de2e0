using RePaViT.Architectures;
using RePaViT.Kernels;
using RePaViT.Tests.Support;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training.Managed;

/// <summary>The two ways of training a channel-idle feed-forward layer, beside each other.</summary>
[TestClass]
public class MergedFeedForwardTests
{
    // Both ways round in float; a gradient is a sum over some hundred rows and passes two normalizations.
    private const double Tolerance = 1e-5;
    private const double GradientTolerance = 1e-4;

    [TestMethod]
    [DataRow(7, 5, 9, 36, 9, 0.0)]
    [DataRow(7, 5, 9, 36, 0, 0.0)]
    [DataRow(7, 5, 9, 36, 35, 0.0)]
    [DataRow(40, 17, 24, 96, 24, 0.3)]
    [DataRow(33, 10, 15, 40, 11, 0.0)]
    [DataRow(3, 65, 48, 192, 48, 0.5)]
    public void Values_gradients_and_running_statistics_equal_the_plain_step(
        int images, int tokens, int dim, int hidden, int active, double dropPath)
    {
        var layer = new ChannelIdleFeedForward("mlp", 1, tokens, dim, hidden, active, 1e-5f);
        NamedTensors weights = RandomWeights.Create([layer], seed: 1);
        var context = new TrainingContext(ThreadTeam.Get(2), images, seed: 3) { Images = images, DropPathKey = 5 };
        ResidualLayer plain = new ChannelIdleFeedForwardTraining(layer, context, new DropPath(dropPath, 0, tokens, images));
        ResidualLayer merged = new MergedFeedForwardTraining(layer, context, new DropPath(dropPath, 0, tokens, images));
        int rows = images * tokens;
        PinnedBuffer x = Fill(rows * dim, seed: 2);
        float[] dy = RandomWeights.Floats(rows * dim, seed: 3);

        // Two steps: what a first one leaves behind must not reach the second.
        for (int step = 0; step < 2; step++)
        {
            PinnedBuffer dPlain = Fill(rows * dim, seed: 3);
            PinnedBuffer dMerged = Fill(rows * dim, seed: 3);
            Set(plain, weights);
            Set(merged, weights);
            float[] expected = plain.Forward(context, x.AsMatrix(rows, dim)).AsSpan().ToArray();
            float[] actual = merged.Forward(context, x.AsMatrix(rows, dim)).AsSpan().ToArray();
            AreClose(expected, actual, Tolerance, "output");
            plain.Backward(context, dPlain.AsMatrix(rows, dim));
            merged.Backward(context, dMerged.AsMatrix(rows, dim));
            AreClose(dPlain.Span, dMerged.Span, GradientTolerance, "gradient of the input");
            Assert.IsFalse(dPlain.Span.SequenceEqual(dy), "the branch has a gradient");
            GC.KeepAlive(x);
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
        var layer = new ChannelIdleFeedForward("mlp", 0, 65, 192, 768, 192, 1e-5f);
        Assert.IsTrue(MergedFeedForwardTraining.IsCheaper(layer, 128));
        Assert.IsFalse(MergedFeedForwardTraining.IsCheaper(layer, 2));
        Assert.IsFalse(MergedFeedForwardTraining.IsCheaper(layer with { Active = 768 }, 128));
    }

    private static PinnedBuffer Fill(int length, int seed)
    {
        var buffer = new PinnedBuffer(length);
        RandomWeights.Floats(length, seed).CopyTo(buffer.Span);
        return buffer;
    }

    private static void Set(TrainingLayer layer, NamedTensors weights)
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
