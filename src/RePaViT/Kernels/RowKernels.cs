using System.Numerics.Tensors;

namespace RePaViT.Kernels;

/// <summary>Operations that treat each row by itself, on a team of threads. Nothing is allocated per call.</summary>
internal sealed unsafe class RowKernels
{
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _layerNorm;
    private readonly Action<int, int> _affine;
    private Matrix _x;
    private Matrix _y;
    private Matrix _weight;
    private Matrix _bias;
    private float _epsilon;

    public RowKernels(ThreadTeam team)
    {
        _team = team;
        _layerNorm = (task, _) => LayerNorm.Forward(_x.Chunk(task), _y.Chunk(task), _weight, _bias, _epsilon);
        _affine = (task, _) => Affine(_x.Chunk(task), _y.Chunk(task));
    }

    /// <summary>y = (x - mean) / sqrt(variance + eps) * weight + bias; without weight and bias where they have no data.</summary>
    public void Normalize(Matrix x, Matrix y, Matrix weight, Matrix bias, float epsilon)
    {
        (_x, _y, _weight, _bias, _epsilon) = (x, y, weight, bias, epsilon);
        Run(_layerNorm);
    }

    /// <summary>y = x * scale + shift, per column.</summary>
    public void ScaleAndShift(Matrix x, Matrix y, Matrix scale, Matrix shift)
    {
        (_x, _y, _weight, _bias) = (x, y, scale, shift);
        Run(_affine);
    }

    private void Run(Action<int, int> body) => _team.Run(RowChunks.Count(_x.Rows), body);

    private void Affine(Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.MultiplyAdd(x.Row(row), _weight.AsSpan(), _bias.AsSpan(), y.Row(row));
        }
    }
}
