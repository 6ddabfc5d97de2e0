using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Operators;
using RePaViT.Tests.Support;
using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch.Tests.Support;

/// <summary>
/// A test that computes with TorchSharp's native library, on a GPU if that can use one, and is skipped where it is not there.
/// </summary>
public abstract class TorchTest
{
    internal static torch.Device Device { get; private set; } = null!;

    [TestInitialize]
    public void SkipWithoutNativeLibrary()
    {
        if (!TorchLibrary.Current.IsLoaded)
        {
            Assert.Inconclusive(TorchLibrary.Current.Reason);
        }

        Device = TorchLibrary.Current.Device(TorchLibrary.Current.HasCuda);
        if (TorchLibrary.Current.HasCuda)
        {
            // As exact as the tolerances.
            torch.backends.cuda.matmul.allow_tf32 = false;
        }
    }

    internal static TorchTrainingEngine Engine(Network network, TrainingRecipe recipe)
        => new(network, new CrossEntropy(), recipe, Device, TorchPrecision.Float32);

    /// <summary>Tensors that are alive because nobody disposed them, or that somebody still holds.</summary>
    internal static long Tensors()
    {
        Collect();
        return torch.Tensor.TotalCount;
    }

    internal static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    /// <summary>Copies in host memory.</summary>
    internal static float[] ToHost(torch.Tensor tensor)
    {
        using torch.Tensor host = tensor.cpu();
        return host.AsSpan().ToArray();
    }

    /// <summary>Random images with two classes each, in exact binary fractions.</summary>
    internal static TrainingBatch Batch(Network network, int count, int seed)
    {
        Graph graph = network.ToGraph().Graph;
        int classes = graph.Output.Shape.Columns;
        var batch = new TrainingBatch(count, (int)graph.Input.Shape.Length, classes) { Count = count };
        RandomWeights.Floats(batch.Images.Length, seed).CopyTo(batch.Images, 0);
        for (int image = 0; image < count; image++)
        {
            batch.Targets[image * classes + (image + seed) % classes] += 0.75f;
            batch.Targets[image * classes + 3 * image % classes] += 0.25f;
        }

        return batch;
    }

    /// <summary>Compares tensor by tensor, each relative to its own largest magnitude.</summary>
    /// <param name="expected">The tensors that there must be.</param>
    /// <param name="actual">The tensors that there are.</param>
    /// <param name="tolerance">The largest difference, relative.</param>
    /// <param name="smallestMagnitude">
    /// Of the largest magnitude in any tensor, what one must have to count: some tensors are rounding noise by nature.
    /// </param>
    internal static void AssertClose(NamedTensors expected, NamedTensors actual, double tolerance, double smallestMagnitude = 0)
    {
        Assert.AreEqual(expected.Count, actual.Count);
        double floor = smallestMagnitude * expected.Max(pair => Largest(pair.Value.Data));
        foreach ((string name, WeightTensor tensor) in expected)
        {
            double[] values = Array.ConvertAll(tensor.Data.ToArray(), value => (double)value);
            double difference = Difference.Relative(values, actual[name].Data, floor);
            Assert.IsTrue(difference <= tolerance, $"{name}: {difference:g3}");
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
}
