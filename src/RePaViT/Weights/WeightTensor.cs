using RePaViT.IO;
using RePaViT.Kernels;

namespace RePaViT;

/// <summary>A tensor of 32-bit floats with its shape, in row-major order. Treat the data as immutable.</summary>
public sealed class WeightTensor
{
    private readonly int[] _shape;
    private readonly PackedMatrix? _packed;
    private float[]? _data;

    /// <summary>Wraps data without copying it; the caller must not use it afterwards.</summary>
    /// <param name="data">The values, row-major.</param>
    /// <param name="shape">The sizes, outermost first; empty for a scalar.</param>
    /// <exception cref="ArgumentException">The shape does not match the number of values.</exception>
    public WeightTensor(float[] data, params ReadOnlySpan<int> shape)
    {
        ArgumentNullException.ThrowIfNull(data);
        long length = 1;
        foreach (int size in shape)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(size, nameof(shape));

            // Products stay below 2^31 * 2^31, which cannot overflow.
            length = length <= Array.MaxLength
                ? length * size
                : throw new ArgumentException(
                    $"Shape [{Excerpt.OfList(shape.ToArray())}] is not accepted: a tensor has at most {Array.MaxLength} values.",
                    nameof(shape));
        }

        if (length != data.Length)
        {
            throw new ArgumentException($"Shape [{Excerpt.OfList(shape.ToArray())}] describes {length} values, but {data.Length} are given.");
        }

        _data = data;
        Length = data.Length;
        _shape = shape.ToArray();
    }

    /// <summary>The weight [outputs, inputs] of a linear layer, in the layout of the matrix kernels.</summary>
    /// <param name="packed">[inputs, outputs], finite numbers only; the caller must not use it afterwards.</param>
    /// <param name="shape">[outputs, inputs], followed by any sizes of 1.</param>
    internal WeightTensor(PackedMatrix packed, int[] shape)
    {
        _packed = packed;
        _shape = shape;
        Length = checked(packed.Columns * packed.Depth);
    }

    /// <summary>The sizes, outermost dimension first; empty for a scalar.</summary>
    public ReadOnlySpan<int> Shape => _shape;

    /// <summary>The values, row-major.</summary>
    public ReadOnlySpan<float> Data => _data ??= _packed!.ToLinearWeight();

    /// <summary>Number of values.</summary>
    public int Length { get; }

    /// <summary>A copy of the values. For a packed tensor, they are not cached as well.</summary>
    internal float[] ToArray() => _data is null ? _packed!.ToLinearWeight() : [.. _data];

    /// <summary>The transpose, if it is already packed for the matrix kernels.</summary>
    internal PackedMatrix? Packed => _packed;

    /// <summary>Whether it was made from a packed transpose, whose values are finite.</summary>
    internal bool IsPacked => _packed is not null;

    /// <inheritdoc/>
    public override string ToString() => $"[{Excerpt.OfList(_shape)}]";
}
