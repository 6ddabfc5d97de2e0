using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Operations that move values within each image, on a team of threads. Rows of all images stand one below the other.
/// Nothing is allocated per call.
/// </summary>
internal sealed class ImageKernels
{
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _transpose;
    private readonly Action<int, int> _average;
    private readonly Action<int, int> _maximize;
    private readonly Action<int, int> _spread;
    private readonly Action<int, int> _addTable;
    private readonly Action<int, int> _gather;
    private readonly Action<int, int> _scatter;
    private Matrix _x;
    private Matrix _y;
    private int[] _indices = [];
    private int _unit;
    private int _first;
    private float[] _table = [];
    private int _images;
    private int _blocksPerImage;
    private bool _accumulate;

    public ImageKernels(ThreadTeam team)
    {
        _team = team;
        _transpose = (task, _) => TransposeRows(task);
        _average = (image, _) => AverageImage(Image(_x, image), _y.Row(image));
        _maximize = (image, _) => MaximizeImage(Image(_x, image), _y.Row(image), _first);
        _spread = (image, _) => SpreadImage(_x.Row(image), Image(_y, image));
        _addTable = (chunk, _) => AddTableRows(_x.Chunk(chunk), chunk * RowChunks.Size, _table);
        _gather = (task, _) => GatherRows(task);
        _scatter = (image, _) => ScatterImage(Image(_x, image), Image(_y, image));
    }

    /// <summary>y (+)= x' within each image.</summary>
    /// <param name="x">[images * rows, columns].</param>
    /// <param name="y">[images * columns, rows].</param>
    /// <param name="images">Number of images.</param>
    /// <param name="accumulate">Whether to add to y.</param>
    public void Transpose(Matrix x, Matrix y, int images, bool accumulate = false)
    {
        (_x, _y, _images, _accumulate) = (x, y, images, accumulate);
        _blocksPerImage = RowChunks.Count(y.Rows / images);
        _team.Run(images * _blocksPerImage, _transpose);
    }

    /// <summary>y = mean of the rows of x, for each image.</summary>
    /// <param name="x">[images * rows, columns].</param>
    /// <param name="y">[images, columns].</param>
    /// <param name="images">Number of images.</param>
    public void AverageRows(Matrix x, Matrix y, int images)
    {
        (_x, _y, _images) = (x, y, images);
        _team.Run(images, _average);
    }

    /// <summary>The way back of <see cref="AverageRows"/>: each row of y (+)= x / rows.</summary>
    /// <param name="x">[images, columns].</param>
    /// <param name="y">[images * rows, columns].</param>
    /// <param name="images">Number of images.</param>
    /// <param name="accumulate">Whether to add to y.</param>
    public void SpreadRows(Matrix x, Matrix y, int images, bool accumulate)
    {
        (_x, _y, _images, _accumulate) = (x, y, images, accumulate);
        _team.Run(images, _spread);
    }

    /// <summary>y = the greatest value of each column of x over the rows from a first one on, for each image.</summary>
    /// <param name="x">[images * rows, columns].</param>
    /// <param name="y">[images, columns].</param>
    /// <param name="first">The first row of an image that counts.</param>
    /// <param name="images">Number of images.</param>
    public void MaximizeRows(Matrix x, Matrix y, int first, int images)
    {
        (_x, _y, _first, _images) = (x, y, first, images);
        _team.Run(images, _maximize);
    }

    /// <summary>Adds a table to the rows of each image, in place.</summary>
    /// <param name="x">[images * rows, columns].</param>
    /// <param name="table">[rows, columns].</param>
    public void AddTable(Matrix x, float[] table)
    {
        (_x, _table) = (x, table);
        _team.Run(RowChunks.Count(x.Rows), _addTable);
    }

    /// <summary>
    /// y[i] = x[indices[i]] within each image, or 0 where the index is below 0; what is counted, row by row, are units of a few
    /// elements beside each other.
    /// </summary>
    /// <param name="x">[images * rows, columns].</param>
    /// <param name="y">[images * rows, columns], both of its own.</param>
    /// <param name="indices">For each unit of an image of y, one of x.</param>
    /// <param name="unit">Elements of a unit; divides both numbers of columns.</param>
    /// <param name="images">Number of images.</param>
    public void Gather(Matrix x, Matrix y, int[] indices, int unit, int images)
    {
        (_x, _y, _indices, _unit, _images) = (x, y, indices, unit, images);
        _blocksPerImage = RowChunks.Count(y.Rows / images);
        _team.Run(images * _blocksPerImage, _gather);
    }

    /// <summary>The way back of <see cref="Gather"/>: y[indices[i]] += x[i] within each image.</summary>
    public void Scatter(Matrix x, Matrix y, int[] indices, int unit, int images)
    {
        (_x, _y, _indices, _unit, _images) = (x, y, indices, unit, images);
        _team.Run(images, _scatter);
    }

    private Matrix Image(Matrix matrix, int image)
    {
        int rows = matrix.Rows / _images;
        return matrix.TakeRows(image * rows, rows);
    }

    private void TransposeRows(int task)
    {
        Matrix x = Image(_x, task / _blocksPerImage);
        Matrix whole = Image(_y, task / _blocksPerImage);
        int first = task % _blocksPerImage * RowChunks.Size;
        Matrix y = whole.Chunk(task % _blocksPerImage);
        for (int column = 0; column < x.Rows; column++)
        {
            ReadOnlySpan<float> from = x.Row(column).Slice(first, y.Rows);
            for (int row = 0; row < from.Length; row++)
            {
                ref float to = ref y.Row(row)[column];
                to = _accumulate ? to + from[row] : from[row];
            }
        }
    }

    private static void AverageImage(Matrix x, Span<float> y)
    {
        y.Clear();
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.Add(y, x.Row(row), y);
        }

        TensorPrimitives.Divide(y, x.Rows, y);
    }

    private static void MaximizeImage(Matrix x, Span<float> y, int first)
    {
        x.Row(first).CopyTo(y);
        for (int row = first + 1; row < x.Rows; row++)
        {
            TensorPrimitives.Max(y, x.Row(row), y);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddTableRows(Matrix x, int first, float[] table)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            Span<float> to = x.Row(row);
            ReadOnlySpan<float> from = table.AsSpan((int)((long)(first + row) * to.Length % table.Length), to.Length);
            int i = 0;
            for (; i <= to.Length - Vector<float>.Count; i += Vector<float>.Count)
            {
                (new Vector<float>(to[i..]) + new Vector<float>(from[i..])).CopyTo(to[i..]);
            }

            for (; i < to.Length; i++)
            {
                to[i] += from[i];
            }
        }
    }

    private void SpreadImage(ReadOnlySpan<float> x, Matrix y)
    {
        float share = 1f / y.Rows;
        for (int row = 0; row < y.Rows; row++)
        {
            Span<float> to = y.Row(row);
            if (_accumulate)
            {
                TensorPrimitives.MultiplyAdd(x, share, to, to);
            }
            else
            {
                TensorPrimitives.Multiply(x, share, to);
            }
        }
    }

    private void GatherRows(int task)
    {
        Matrix x = Image(_x, task / _blocksPerImage);
        int chunk = task % _blocksPerImage;
        Matrix y = Image(_y, task / _blocksPerImage).Chunk(chunk);
        int unitsPerRow = y.Columns / _unit;
        ReadOnlySpan<int> indices = _indices.AsSpan(chunk * RowChunks.Size * unitsPerRow, y.Rows * unitsPerRow);
        if (_unit == 1 && x.IsDense)
        {
            GatherElements(x.AsSpan(), y, indices);
            return;
        }

        for (int i = 0; i < indices.Length; i++)
        {
            Span<float> to = Unit(y, i);
            if (indices[i] < 0)
            {
                to.Clear();
            }
            else
            {
                Unit(x, indices[i]).CopyTo(to);
            }
        }
    }

    private static void GatherElements(ReadOnlySpan<float> x, Matrix y, ReadOnlySpan<int> indices)
    {
        for (int row = 0; row < y.Rows; row++)
        {
            Span<float> to = y.Row(row);
            ReadOnlySpan<int> from = indices.Slice(row * to.Length, to.Length);
            for (int i = 0; i < to.Length; i++)
            {
                to[i] = from[i] < 0 ? 0 : x[from[i]];
            }
        }
    }

    private void ScatterImage(Matrix x, Matrix y)
    {
        if (_unit == 1 && y.IsDense)
        {
            ScatterElements(x, y.AsSpan(), _indices);
            return;
        }

        for (int i = 0; i < _indices.Length; i++)
        {
            if (_indices[i] >= 0)
            {
                Span<float> to = Unit(y, _indices[i]);
                TensorPrimitives.Add(to, Unit(x, i), to);
            }
        }
    }

    private static void ScatterElements(Matrix x, Span<float> y, ReadOnlySpan<int> indices)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            ReadOnlySpan<float> from = x.Row(row);
            ReadOnlySpan<int> to = indices.Slice(row * from.Length, from.Length);
            for (int i = 0; i < from.Length; i++)
            {
                if (to[i] >= 0)
                {
                    y[to[i]] += from[i];
                }
            }
        }
    }

    private Span<float> Unit(Matrix matrix, int index)
    {
        (int row, int unit) = Math.DivRem(index, matrix.Columns / _unit);
        return matrix.Row(row).Slice(unit * _unit, _unit);
    }
}
