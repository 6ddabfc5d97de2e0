using System.Numerics.Tensors;
using RePaViT.Data;

namespace RePaViT.Training.Pretraining;

/// <summary>
/// How the position table of an image becomes that of a smaller one: a matrix M, by which tokens that represent no patch stay as they are
/// and the grid of patches is resampled, bicubic without antialiasing. Training passes gradients back through M'.
/// </summary>
internal sealed class PositionMap
{
    /// <param name="name">Name of the table.</param>
    /// <param name="prefix">Tokens that represent no patch, at the beginning of both tables.</param>
    /// <param name="from">Patches along a side of the image.</param>
    /// <param name="to">Patches along a side of the smaller one.</param>
    public PositionMap(string name, int prefix, int from, int to)
    {
        Name = name;
        FromRows = prefix + from * from;
        ToRows = prefix + to * to;
        Matrix = new float[ToRows * FromRows];
        for (int token = 0; token < prefix; token++)
        {
            Matrix[token * FromRows + token] = 1;
        }

        // A column of M is what becomes of a grid with a 1 in one place.
        var taps = AxisTaps.Cubic(from, to);
        float[] grid = new float[from * from];
        for (int place = 0; place < grid.Length; place++)
        {
            grid[place] = 1;
            float[] resampled = taps.Resample(grid, from);
            grid[place] = 0;
            for (int row = 0; row < resampled.Length; row++)
            {
                Matrix[(prefix + row) * FromRows + prefix + place] = resampled[row];
            }
        }
    }

    /// <summary>Name of the table.</summary>
    public string Name { get; }

    /// <summary>Rows of the table.</summary>
    public int FromRows { get; }

    /// <summary>Rows of the smaller one.</summary>
    public int ToRows { get; }

    /// <summary>M, [rows of the smaller table, rows of the table].</summary>
    public float[] Matrix { get; }

    /// <summary>The smaller table of a table.</summary>
    public WeightTensor Map(WeightTensor table)
    {
        int columns = (int)(table.Data.Length / FromRows);
        float[] mapped = new float[ToRows * columns];
        Forward(table.Data, mapped);
        return new WeightTensor(mapped, 1, ToRows, columns);
    }

    /// <summary>y = M x.</summary>
    /// <param name="x">A table, [rows, columns].</param>
    /// <param name="y">The smaller one.</param>
    public void Forward(ReadOnlySpan<float> x, Span<float> y)
    {
        int columns = x.Length / FromRows;
        y.Clear();
        for (int i = 0; i < Matrix.Length; i++)
        {
            if (Matrix[i] != 0)
            {
                Span<float> to = y.Slice(i / FromRows * columns, columns);
                TensorPrimitives.MultiplyAdd(x.Slice(i % FromRows * columns, columns), Matrix[i], to, to);
            }
        }
    }

    /// <summary>dx += M' dy.</summary>
    /// <param name="dy">The gradient of the smaller table.</param>
    /// <param name="dx">That of the table.</param>
    public void Backward(ReadOnlySpan<float> dy, Span<float> dx)
    {
        int columns = dx.Length / FromRows;
        for (int i = 0; i < Matrix.Length; i++)
        {
            if (Matrix[i] != 0)
            {
                Span<float> to = dx.Slice(i % FromRows * columns, columns);
                TensorPrimitives.MultiplyAdd(dy.Slice(i / FromRows * columns, columns), Matrix[i], to, to);
            }
        }
    }
}
