using RePaViT.Architectures;
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
    [DataRow("vit_vanilla", 2)]
    [DataRow("vit_idle025", 2)]
    [DataRow("vit_idle050", 2)]
    [DataRow("vit_idle075", 2)]
    [DataRow("vit_idle100", 2)]
    [DataRow("vit_heuristic_linear", 4)]
    public void Loss_gradients_and_running_statistics_equal_the_reference(string name, int depth)
    {
        NamedTensors fixture = Fixture.Read(name).Tensors;
        var architecture = new ViTArchitecture
        {
            ImageSize = 32, PatchSize = 8, Dim = 48, Depth = depth, Heads = 3, Classes = 5,
            IdleRatio = name switch { "vit_vanilla" => null, "vit_heuristic_linear" => 0.75, _ => double.Parse(name[^3..]) / 100 },

            // The reference's ceil rounds 32.000000000000014 up.
            ActiveChannels = name == "vit_heuristic_linear" ? [64, 33, 0, 192] : null,
        };
        Network network = Network.Create(architecture, NetworkForm.Trained, fixture.WithoutPrefix("state."));
        int images = fixture["input"].Shape[0];
        var recipe = new TrainingRecipe { BatchSize = images, DropPathRate = 0 };
        using var engine = new ManagedTrainingEngine(network, recipe, threads: 2);
        var batch = new TrainingBatch(images, 3 * 32 * 32, 5) { Count = images };
        fixture["input"].Data.CopyTo(batch.Images);
        for (int image = 0; image < images; image++)
        {
            batch.Targets[image * 5 + (int)fixture["train.target"].Data[image]] = 1;
        }

        BatchResult result = engine.Accumulate(batch, 1, dropPathKey: 0);

        Assert.AreEqual(fixture["train.loss"].Data[0], result.Loss, Tolerance);
        Assert.IsTrue(Difference.Relative(fixture["train.logits"].Data, engine.Logits.AsSpan()) <= Tolerance, "logits");
        NamedTensors expected = fixture.WithoutPrefix("grad.");
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
        foreach ((string tensor, WeightTensor statistic) in fixture.WithoutPrefix("after."))
        {
            double difference = Difference.Relative(statistic.Data, weights[tensor].Data);
            Assert.IsTrue(difference <= Tolerance, $"{tensor}: {difference}");
        }
    }

    private static double LargestMagnitude(ReadOnlySpan<float> values)
        => values.IsEmpty ? 0 : Math.Abs(System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(values));
}
