namespace RePaViT.Kernels;

/// <summary>A view of row-major floats in a <see cref="PinnedBuffer"/>; rows may stand apart.</summary>
internal readonly unsafe struct Matrix(float* data, int rows, int columns, int stride)
{
    public int Rows => rows;

    public int Columns => columns;

    /// <summary>Distance of two rows, in floats.</summary>
    public int Stride => stride;

    internal float* Data => data;

    /// <summary>Whether rows follow each other without a gap.</summary>
    public bool IsDense => stride == columns;

    public Span<float> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)rows, nameof(row));
        return new Span<float>(data + (long)row * stride, columns);
    }

    /// <summary>All values of a dense matrix.</summary>
    public Span<float> AsSpan()
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(stride, columns);
        return new Span<float>(data, checked(rows * columns));
    }

    public Matrix TakeRows(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)rows);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(rows - start));
        return new Matrix(data + (long)start * stride, count, columns, stride);
    }

    /// <summary>Rows 0, step, 2 step and so on.</summary>
    public Matrix TakeEvery(int step)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        return new Matrix(data, (rows + step - 1) / step, columns, checked(step * stride));
    }

    public Matrix TakeColumns(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(columns - start));
        return new Matrix(data + start, rows, count, stride);
    }
}
