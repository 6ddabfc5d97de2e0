namespace RePaViT.Kernels;

/// <summary>
/// Floats at an address that never moves, aligned to a cache line. The garbage collector owns them: whoever computes on
/// views keeps the buffer reachable in the meantime.
/// </summary>
internal sealed unsafe class PinnedBuffer
{
    private const int AlignmentInFloats = 64 / sizeof(float);

    private readonly float[] _array;
    private readonly int _offset;

    /// <param name="length">Number of floats; they start at 0.</param>
    /// <exception cref="NotSupportedException">They are more than an array can hold.</exception>
    public PinnedBuffer(long length)
    {
        if (length > Array.MaxLength - AlignmentInFloats)
        {
            throw new NotSupportedException(
                $"A buffer of {length} values is needed, but the CPU engine can keep at most {Array.MaxLength - AlignmentInFloats} "
                + "in one: use a smaller batch or a smaller network.");
        }

        _array = GC.AllocateArray<float>((int)length + AlignmentInFloats, pinned: true);
        Length = (int)length;
        nint address = (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _array[0]);
        _offset = (int)(-(address / sizeof(float)) & (AlignmentInFloats - 1));
    }

    /// <summary>A copy of some values.</summary>
    public static PinnedBuffer Of(ReadOnlySpan<float> values)
    {
        var buffer = new PinnedBuffer(values.Length);
        values.CopyTo(buffer.Span);
        return buffer;
    }

    public int Length { get; }

    public Span<float> Span => _array.AsSpan(_offset, Length);

    internal float* Pointer => (float*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _array[_offset]);

    /// <summary>The first rows * columns floats as a row-major matrix.</summary>
    public Matrix AsMatrix(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)rows * columns, Length);
        return new Matrix(Pointer, rows, columns, columns);
    }
}
