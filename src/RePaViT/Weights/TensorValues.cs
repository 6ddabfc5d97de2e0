using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RePaViT.Weights;

/// <summary>Which numbers a network, or the state of its training, may hold.</summary>
internal static class TensorValues
{
    /// <summary>Looks for a value that no tensor can have.</summary>
    /// <param name="name">What to call the tensor.</param>
    /// <param name="values">Its values.</param>
    /// <param name="fromZero">Whether they have to be at least 0, as variances and mean squares.</param>
    /// <returns>What the first such value is, as the beginning of a sentence; null if there is none.</returns>
    public static string? FindWrong(string name, ReadOnlySpan<float> values, bool fromZero)
    {
        int index = IndexOfNotFinite(values);
        if (index < 0 && fromZero)
        {
            index = IndexOfNegative(values);
        }

        return index < 0 ? null : Describe(name, values[index], index);
    }

    private static int IndexOfNegative(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty || TensorPrimitives.Min(values) >= 0)
        {
            return -1;
        }

        int index = 0;
        while (values[index] >= 0)
        {
            index++;
        }

        return index;
    }

    /// <summary>The first value that is not a finite number; -1 if all are.</summary>
    public static int IndexOfNotFinite(ReadOnlySpan<float> values)
    {
        int index = CountFinite(values);
        while (index < values.Length && float.IsFinite(values[index]))
        {
            index++;
        }

        return index < values.Length ? index : -1;
    }

    /// <summary>What is wrong with a value, as the beginning of a sentence.</summary>
    /// <param name="name">The tensor.</param>
    /// <param name="value">The value.</param>
    /// <param name="index">Its place in row-major order.</param>
    public static string Describe(string name, float value, long index)
        => string.Create(CultureInfo.InvariantCulture, $"Tensor '{name}' holds {value} at index {index}");

    /// <summary>What refuses a value.</summary>
    /// <param name="wrong">What <see cref="FindWrong"/> or <see cref="Describe"/> says.</param>
    public static ArgumentException Refusal(string wrong)
        => new($"{wrong}, but finite numbers are needed, and variances and mean squares of at least 0.");

    /// <summary>
    /// How many values from the first on are known to be finite: all that fill registers, or none. Optimized at once, as this
    /// looks at every value of a file that is opened.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int CountFinite(ReadOnlySpan<float> values)
    {
        // Without its sign, a float that is not finite is an integer from the bits of infinity on.
        ReadOnlySpan<Vector<uint>> registers = MemoryMarshal.Cast<float, Vector<uint>>(values);
        var magnitude = new Vector<uint>(int.MaxValue);
        Vector<uint> greatest = Vector<uint>.Zero;
        foreach (Vector<uint> bits in registers)
        {
            greatest = Vector.Max(greatest, bits & magnitude);
        }

        var infinity = new Vector<uint>(BitConverter.SingleToUInt32Bits(float.PositiveInfinity));
        return Vector.LessThanAll(greatest, infinity) ? registers.Length * Vector<uint>.Count : 0;
    }
}
