using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>Rows [z, 1, f(u), target - now], added to their Gram matrix.</summary>
/// <param name="dim">Columns of z and of the target.</param>
/// <param name="channels">Columns of f(u).</param>
/// <param name="rowWeights">How often each row of an image counts.</param>
/// <param name="team">The threads that compute.</param>
internal sealed class FeatureRows(int dim, int channels, float[] rowWeights, ThreadTeam team)
{
    // A cache line of each row, and as many rows as stay near a core.
    private const int ColumnsPerTask = 16;
    private const int RowsPerPass = 256;

    private readonly ScratchBuffer _columns = new();
    private readonly BatchArray _rest = new();
    private readonly float[] _scales = Array.ConvertAll(rowWeights, MathF.Sqrt);

    /// <summary>Columns in front of the target: the unknowns of a regression.</summary>
    public int Unknowns => dim + 1 + channels;

    public GramMatrix Gram { get; } = new(dim + 1 + channels + dim, dim + 1 + channels, team);

    /// <summary>Adds the rows of some images.</summary>
    /// <param name="z">[rows, dim].</param>
    /// <param name="activated">[rows, channels].</param>
    /// <param name="target">[rows, dim].</param>
    /// <param name="now">[rows, dim].</param>
    public void Add(float[] z, float[] activated, float[] target, float[] now)
    {
        int rows = z.Length / dim;
        Matrix columns = _columns.AsMatrix(Gram.Size, rows);
        float[] scales = [.. Enumerable.Range(0, rows).Select(row => _scales[row % _scales.Length])];
        float[] rest = _rest.Of(target.Length);
        TensorPrimitives.Subtract<float>(target, now, rest);
        Transpose(z, dim, scales, columns.TakeRows(0, dim));
        scales.CopyTo(columns.Row(dim));
        Transpose(activated, channels, scales, columns.TakeRows(dim + 1, channels));
        Transpose(rest, dim, scales, columns.TakeRows(Unknowns, dim));
        Gram.Add(columns);
        GC.KeepAlive(_columns);
    }

    /// <summary>[rows, width] times the scale of each row, to [width, rows].</summary>
    private void Transpose(float[] values, int width, float[] scales, Matrix columns)
        => team.Run((width + ColumnsPerTask - 1) / ColumnsPerTask, (task, _) =>
        {
            int end = Math.Min((task + 1) * ColumnsPerTask, width);
            for (int first = 0; first < scales.Length; first += RowsPerPass)
            {
                int last = Math.Min(first + RowsPerPass, scales.Length);
                for (int column = task * ColumnsPerTask; column < end; column++)
                {
                    Span<float> target = columns.Row(column);
                    for (int row = first; row < last; row++)
                    {
                        target[row] = scales[row] * values[row * width + column];
                    }
                }
            }
        });
}
