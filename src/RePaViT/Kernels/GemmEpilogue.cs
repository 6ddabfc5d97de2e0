using System.Numerics.Tensors;

namespace RePaViT.Kernels;

/// <summary>What happens to a product while it is still in cache: c = act(c + bias).</summary>
internal readonly unsafe struct GemmEpilogue
{
    private readonly float* _bias;
    private readonly int _geluColumns;

    private GemmEpilogue(float* bias, int geluColumns)
    {
        _bias = bias;
        _geluColumns = geluColumns;
    }

    /// <summary>Adds a bias [1, columns] to each row.</summary>
    public static GemmEpilogue AddBias(Matrix bias) => new(bias.Data, 0);

    /// <summary>Adds a bias, then applies GELU to the first columns.</summary>
    public static GemmEpilogue AddBiasThenGelu(Matrix bias, int geluColumns) => new(bias.Data, geluColumns);

    /// <summary>Finishes some rows of columns [column, column + columns) of c.</summary>
    internal void Apply(float* tile, int stride, int rows, int column, int columns)
    {
        if (_bias == null)
        {
            return;
        }

        var bias = new ReadOnlySpan<float>(_bias + column, columns);
        int gelu = Math.Clamp(_geluColumns - column, 0, columns);
        for (int r = 0; r < rows; r++)
        {
            var values = new Span<float>(tile + (long)r * stride, columns);
            TensorPrimitives.Add(values, bias, values);
            if (gelu > 0)
            {
                Gelu.Forward(values[..gelu], values[..gelu]);
            }
        }
    }
}
