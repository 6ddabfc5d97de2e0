using System.Numerics;
using System.Runtime.InteropServices;

namespace RePaViT.Rewrites;

/// <summary>
/// A matrix in double precision. Rows are padded with zeros to whole vectors, and zero rows fill the last tile, so that
/// products need no special case at any edge.
/// </summary>
internal sealed class RowMatrix
{
    private const int TileRows = 4;
    private const int TileColumns = 2;

    // Rows of the right factor that one task multiplies: they stay in the cache of a core, and the left factor streams by.
    private const int PanelRows = 32;

    private readonly Vector<double>[] _data;
    private readonly int _stride;

    public RowMatrix(int rows, int columns)
    {
        Rows = rows;
        Columns = columns;
        _stride = (columns + Vector<double>.Count - 1) / Vector<double>.Count;
        _data = new Vector<double>[(rows + TileRows - 1) / TileRows * TileRows * _stride];
    }

    public int Rows { get; }

    public int Columns { get; }

    public Span<double> Row(int row) => MemoryMarshal.Cast<Vector<double>, double>(RowVectors(row))[..Columns];

    /// <summary>A B': the products of all rows of this matrix and all rows of the other, [rows, other rows].</summary>
    public double[] TimesTransposed(RowMatrix other)
    {
        double[] product = new double[Rows * other.Rows];
        Parallel.For(0, (other.Rows + PanelRows - 1) / PanelRows, panel =>
        {
            int end = Math.Min((panel + 1) * PanelRows, other.Rows);
            Span<double> tile = stackalloc double[TileRows * TileColumns];
            for (int row = 0; row < Rows; row += TileRows)
            {
                for (int column = panel * PanelRows; column < end; column += TileColumns)
                {
                    MultiplyTile(other, row, column, tile);
                    for (int i = 0; i < Math.Min(TileRows, Rows - row); i++)
                    {
                        int width = Math.Min(TileColumns, end - column);
                        tile.Slice(i * TileColumns, width).CopyTo(product.AsSpan((row + i) * other.Rows + column));
                    }
                }
            }
        });
        return product;
    }

    private Span<Vector<double>> RowVectors(int row) => _data.AsSpan(row * _stride, _stride);

    /// <summary>Four rows by two: eight sums stay in registers, and every vector read is used more than once.</summary>
    private void MultiplyTile(RowMatrix other, int row, int column, Span<double> tile)
    {
        ReadOnlySpan<Vector<double>> a0 = RowVectors(row);
        ReadOnlySpan<Vector<double>> a1 = RowVectors(row + 1)[..a0.Length];
        ReadOnlySpan<Vector<double>> a2 = RowVectors(row + 2)[..a0.Length];
        ReadOnlySpan<Vector<double>> a3 = RowVectors(row + 3)[..a0.Length];
        ReadOnlySpan<Vector<double>> b0 = other.RowVectors(column)[..a0.Length];
        ReadOnlySpan<Vector<double>> b1 = other.RowVectors(column + 1)[..a0.Length];
        var s00 = Vector<double>.Zero;
        var s01 = Vector<double>.Zero;
        var s10 = Vector<double>.Zero;
        var s11 = Vector<double>.Zero;
        var s20 = Vector<double>.Zero;
        var s21 = Vector<double>.Zero;
        var s30 = Vector<double>.Zero;
        var s31 = Vector<double>.Zero;
        for (int i = 0; i < a0.Length; i++)
        {
            Vector<double> x0 = b0[i];
            Vector<double> x1 = b1[i];
            s00 = Vector.MultiplyAddEstimate(a0[i], x0, s00);
            s01 = Vector.MultiplyAddEstimate(a0[i], x1, s01);
            s10 = Vector.MultiplyAddEstimate(a1[i], x0, s10);
            s11 = Vector.MultiplyAddEstimate(a1[i], x1, s11);
            s20 = Vector.MultiplyAddEstimate(a2[i], x0, s20);
            s21 = Vector.MultiplyAddEstimate(a2[i], x1, s21);
            s30 = Vector.MultiplyAddEstimate(a3[i], x0, s30);
            s31 = Vector.MultiplyAddEstimate(a3[i], x1, s31);
        }

        tile[0] = Vector.Sum(s00);
        tile[1] = Vector.Sum(s01);
        tile[2] = Vector.Sum(s10);
        tile[3] = Vector.Sum(s11);
        tile[4] = Vector.Sum(s20);
        tile[5] = Vector.Sum(s21);
        tile[6] = Vector.Sum(s30);
        tile[7] = Vector.Sum(s31);
    }
}
