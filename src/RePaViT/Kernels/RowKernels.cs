using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>Operations that treat each row by itself, on a team of threads. Nothing is allocated per call.</summary>
internal sealed unsafe class RowKernels
{
    private readonly ThreadTeam _team;
    private readonly Action<int, int> _layerNorm;
    private readonly Action<int, int> _unitRows;
    private readonly Action<int, int> _affine;
    private readonly Action<int, int> _scaleColumns;
    private readonly Action<int, int> _shiftRow;
    private readonly Action<int, int> _activate;
    private readonly Action<int, int> _add;
    private Matrix _x;
    private Matrix _y;
    private Matrix _weight;
    private Matrix _bias;
    private float[] _shift = [];
    private float _epsilon;
    private float _scale;
    private delegate*<float*, float*, int, void> _activation;

    public RowKernels(ThreadTeam team)
    {
        _team = team;
        _layerNorm = (task, _) => LayerNorm.Forward(_x.Chunk(task), _y.Chunk(task), _weight, _bias, _epsilon);
        _unitRows = (task, _) => UnitRows.Forward(_x.Chunk(task), _y.Chunk(task), _epsilon);
        _affine = (task, _) => Affine(_x.Chunk(task), _y.Chunk(task));
        _scaleColumns = (task, _) => ScaleColumns(_x.Chunk(task), _y.Chunk(task));
        _shiftRow = (row, _) => TensorPrimitives.Add(_x.Row(row), _shift[row % _shift.Length], _x.Row(row));
        _activate = (task, _) => ActivateRows(_x.Chunk(task));
        _add = (task, _) => AddRows(_x.Chunk(task), _y.Chunk(task));
    }

    /// <summary>y = (x - mean) / sqrt(variance + eps) * weight + bias; without weight and bias where they have no data.</summary>
    public void Normalize(Matrix x, Matrix y, Matrix weight, Matrix bias, float epsilon)
    {
        (_x, _y, _weight, _bias, _epsilon) = (x, y, weight, bias, epsilon);
        Run(_layerNorm);
    }

    /// <summary>y = x / max(|x|, eps).</summary>
    public void NormalizeLength(Matrix x, Matrix y, float epsilon)
    {
        (_x, _y, _epsilon) = (x, y, epsilon);
        Run(_unitRows);
    }

    /// <summary>y = x * scale + shift, per column.</summary>
    public void ScaleAndShift(Matrix x, Matrix y, Matrix scale, Matrix shift)
    {
        (_x, _y, _weight, _bias) = (x, y, scale, shift);
        Run(_affine);
    }

    /// <summary>y = x * scale, per column.</summary>
    public void Scale(Matrix x, Matrix y, Matrix scale)
    {
        (_x, _y, _weight) = (x, y, scale);
        Run(_scaleColumns);
    }

    /// <summary>Adds a number to each row, over and over again.</summary>
    /// <param name="x">[images * rows, columns].</param>
    /// <param name="shift">One for each row of an image.</param>
    public void Shift(Matrix x, float[] shift)
    {
        (_x, _shift) = (x, shift);
        _team.Run(x.Rows, _shiftRow);
    }

    /// <summary>x = GELU(x).</summary>
    public void Gelu(Matrix x) => Activate(x, &Kernels.Gelu.Forward);

    /// <summary>x = x / (1 + exp(-1.702 x)).</summary>
    public void QuickGelu(Matrix x) => Activate(x, &Kernels.QuickGelu.Forward);

    /// <summary>x = max(x, 0).</summary>
    public void Relu(Matrix x) => Activate(x, &Kernels.Relu.Forward);

    /// <summary>x += scale y.</summary>
    public void Add(Matrix x, Matrix y, float scale = 1)
    {
        (_x, _y, _scale) = (x, y, scale);
        Run(_add);
    }

    private void Activate(Matrix x, delegate*<float*, float*, int, void> activation)
    {
        _x = x;
        _activation = activation;
        Run(_activate);
    }

    private void Run(Action<int, int> body) => _team.Run(RowChunks.Count(_x.Rows), body);

    private void ActivateRows(Matrix x)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            float* columns = x.Data + (long)row * x.Stride;
            _activation(columns, columns, x.Columns);
        }
    }

    private void AddRows(Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            if (_scale == 1)
            {
                TensorPrimitives.Add(x.Row(row), y.Row(row), x.Row(row));
            }
            else
            {
                TensorPrimitives.MultiplyAdd(y.Row(row), _scale, x.Row(row), x.Row(row));
            }
        }
    }

    private void ScaleColumns(Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.Multiply(x.Row(row), _weight.AsSpan(), y.Row(row));
        }
    }

    private void Affine(Matrix x, Matrix y)
    {
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.MultiplyAdd(x.Row(row), _weight.AsSpan(), _bias.AsSpan(), y.Row(row));
        }
    }
}
