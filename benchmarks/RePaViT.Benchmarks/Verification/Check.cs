using System.Numerics.Tensors;

namespace RePaViT.Benchmarks.Verification;

/// <summary>How far one quantity of a golden file is from ours.</summary>
/// <param name="Quantity">What was compared.</param>
/// <param name="Error">The largest difference of any tensor, relative to the largest magnitude in that tensor.</param>
/// <param name="Tolerance">The largest error that is accepted.</param>
/// <param name="Worst">The tensor with that error.</param>
internal sealed record Check(string Quantity, double Error, double Tolerance, string Worst)
{
    // Written so that an error that is not a number does not pass.
    public bool Passed => Error <= Tolerance;
}

/// <summary>Gathers the tensors of one quantity.</summary>
/// <param name="quantity">What is compared.</param>
/// <param name="tolerance">The largest relative error that is accepted.</param>
/// <param name="smallestMagnitude">
/// Tensors smaller than this are compared relative to it: their values are zero but for rounding.
/// </param>
internal sealed class Comparison(string quantity, double tolerance, double smallestMagnitude = 0)
{
    private double _error = -1;
    private string _worst = "";

    /// <summary>What was found, or null if there was nothing to compare.</summary>
    public Check? Result => _worst.Length == 0 ? null : new Check(quantity, _error, tolerance, _worst);

    /// <exception cref="InvalidDataException">The lengths differ.</exception>
    public void Add(string tensor, ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        if (expected.Length != actual.Length)
        {
            throw new InvalidDataException($"'{tensor}' has {expected.Length} values, but {actual.Length} are needed.");
        }

        if (expected.IsEmpty)
        {
            return;
        }

        double difference = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            difference = Math.Max(difference, Math.Abs((double)actual[i] - expected[i]));
        }

        double magnitude = Math.Max(Math.Abs((double)TensorPrimitives.MaxMagnitude(expected)), smallestMagnitude);
        double error = difference == 0 ? 0 : difference / magnitude;
        if (!(error <= _error) && !double.IsNaN(_error))
        {
            _error = error;
            _worst = tensor;
        }
    }
}
