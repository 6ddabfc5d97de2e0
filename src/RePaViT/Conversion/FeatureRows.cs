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
    private readonly ScratchBuffer _rows = new();
    private readonly float[] _scales = Array.ConvertAll(rowWeights, MathF.Sqrt);

    /// <summary>Columns in front of the target: the unknowns of a regression.</summary>
    public int Unknowns => dim + 1 + channels;

    public GramMatrix Gram { get; } = new(dim + 1 + channels + dim, team);

    /// <summary>Adds the rows of some images.</summary>
    /// <param name="z">[rows, dim].</param>
    /// <param name="activated">[rows, channels].</param>
    /// <param name="target">[rows, dim].</param>
    /// <param name="now">[rows, dim].</param>
    public void Add(float[] z, float[] activated, float[] target, float[] now)
    {
        int count = z.Length / dim;
        Matrix rows = _rows.AsMatrix(count, Gram.Size);
        team.Run(count, (row, _) =>
        {
            Span<float> values = rows.Row(row);
            z.AsSpan(row * dim, dim).CopyTo(values);
            values[dim] = 1;
            activated.AsSpan(row * channels, channels).CopyTo(values[(dim + 1)..]);
            TensorPrimitives.Subtract(target.AsSpan(row * dim, dim), now.AsSpan(row * dim, dim), values[Unknowns..]);
            TensorPrimitives.Multiply(values, _scales[row % _scales.Length], values);
        });
        Gram.Add(rows);
        GC.KeepAlive(_rows);
    }
}
