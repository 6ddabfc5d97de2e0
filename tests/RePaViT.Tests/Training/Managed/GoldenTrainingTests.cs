using RePaViT.Benchmarks.Verification;
using RePaViT.Objectives;
using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training.Managed;

/// <summary>One training step beside the reference implementation's.</summary>
[TestClass]
public class GoldenTrainingTests
{
    private const double Tolerance = 1e-5;

    private const double GradientTolerance = 1e-4;

    [TestMethod]
    [DataRow("vit_vanilla")]
    [DataRow("vit_idle025")]
    [DataRow("vit_idle050")]
    [DataRow("vit_idle075")]
    [DataRow("vit_idle100")]
    [DataRow("vit_heuristic_linear")]
    [DataRow("mixer_vanilla")]
    [DataRow("mixer_idle075")]
    [DataRow("lvvit_idle075")]
    public void Loss_gradients_and_running_statistics_equal_the_reference(string name)
    {
        GoldenFile file = GoldenFile.Read(Fixture.Path(name));
        var fixture = new NetworkFixture(file);
        var recipe = new TrainingRecipe { BatchSize = fixture.Images, DropPathRate = 0 };
        using var engine = new ManagedTrainingEngine(fixture.Trained, new CrossEntropy(), recipe, threads: 2);

        BatchResult result = engine.Accumulate(fixture.CreateBatch(), 1, dropPathKey: 0);

        Assert.AreEqual(fixture.Loss.Data[0], result.Loss, Tolerance);
        Assert.IsTrue(Difference.Relative(fixture.TrainingLogits.Data, engine.Logits.AsSpan()) <= Tolerance, "logits");
        NamedTensors expected = file.Tensors.WithoutPrefix("grad.");
        NamedTensors gradients = engine.GetGradients();
        Assert.AreEqual(expected.Count, gradients.Count);
        double largest = expected.Max(pair => LargestMagnitude(pair.Value.Data));
        foreach ((string tensor, WeightTensor gradient) in expected)
        {
            // A bias before a batch normalization has no effect: where all channels are idle its gradient is rounding
            // noise, in the reference too, and only its size can be compared.
            double difference = LargestMagnitude(gradient.Data) > 1e-6 * largest
                ? Difference.Relative(gradient.Data, gradients[tensor].Data)
                : LargestMagnitude(gradients[tensor].Data) / largest;
            Assert.IsTrue(difference <= GradientTolerance, $"{tensor}: {difference}");
        }

        NamedTensors weights = engine.GetWeights(averaged: false);
        foreach ((string tensor, WeightTensor statistic) in file.Tensors.WithoutPrefix("after."))
        {
            double difference = Difference.Relative(statistic.Data, weights[tensor].Data);
            Assert.IsTrue(difference <= Tolerance, $"{tensor}: {difference}");
        }
    }

    private static double LargestMagnitude(ReadOnlySpan<float> values)
        => values.IsEmpty ? 0 : Math.Abs(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(values));
}
