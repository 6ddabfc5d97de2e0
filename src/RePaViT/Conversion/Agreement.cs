using System.Numerics.Tensors;
using RePaViT.Kernels;

namespace RePaViT.Conversion;

/// <summary>Counts how often two networks agree.</summary>
internal sealed class Agreement
{
    private int _same;
    private int _images;

    /// <summary>Share of the images with the same class, 0 to 1.</summary>
    public double Share => (double)_same / _images;

    /// <summary>The largest difference of two probabilities.</summary>
    public double LargestDifference { get; private set; }

    /// <summary>Takes images in.</summary>
    /// <param name="original">Logits, [images, classes]; used up.</param>
    /// <param name="converted">Those of the other network, likewise.</param>
    /// <param name="classes">Number of classes.</param>
    public void Add(Span<float> original, Span<float> converted, int classes)
    {
        for (int start = 0; start < original.Length; start += classes)
        {
            Span<float> expected = original.Slice(start, classes);
            Span<float> actual = converted.Slice(start, classes);
            _same += TensorPrimitives.IndexOfMax<float>(expected) == TensorPrimitives.IndexOfMax<float>(actual) ? 1 : 0;
            _images++;
            Softmax.Forward(expected);
            Softmax.Forward(actual);
            TensorPrimitives.Subtract(expected, actual, actual);
            LargestDifference = Math.Max(LargestDifference, Math.Abs(TensorPrimitives.MaxMagnitude<float>(actual)));
        }
    }
}
