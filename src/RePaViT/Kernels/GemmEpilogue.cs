namespace RePaViT.Kernels;

/// <summary>What happens to a product while it is still in cache: c = act(c + bias).</summary>
internal readonly unsafe struct GemmEpilogue
{
    private readonly int _activeColumns;
    private readonly delegate*<float*, float*, int, void> _activation;

    private GemmEpilogue(float* bias, int activeColumns, delegate*<float*, float*, int, void> activation)
    {
        Bias = bias;
        _activeColumns = activeColumns;
        _activation = activation;
    }

    /// <summary>The bias of the first column, or null.</summary>
    internal float* Bias { get; }

    /// <summary>Adds a bias [1, columns] to each row.</summary>
    public static GemmEpilogue AddBias(Matrix bias) => new(bias.Data, 0, null);

    /// <summary>Adds a bias, then applies GELU to the first columns.</summary>
    public static GemmEpilogue AddBiasThenGelu(Matrix bias, int geluColumns) => new(bias.Data, geluColumns, &Gelu.Forward);

    /// <summary>Adds a bias, then applies quick GELU to the first columns.</summary>
    public static GemmEpilogue AddBiasThenQuickGelu(Matrix bias, int geluColumns) => new(bias.Data, geluColumns, &QuickGelu.Forward);

    /// <summary>Adds a bias, then applies ReLU to the first columns.</summary>
    public static GemmEpilogue AddBiasThenRelu(Matrix bias, int reluColumns) => new(bias.Data, reluColumns, &Relu.Forward);

    /// <summary>The same for the columns from one on.</summary>
    internal GemmEpilogue Skip(int columns)
        => new(Bias == null ? null : Bias + columns, Math.Max(0, _activeColumns - columns), _activation);

    /// <summary>Applies the activation to some rows of the first columns.</summary>
    internal void Activate(float* tile, int stride, int rows, int columns)
    {
        int length = Math.Min(_activeColumns, columns);
        for (int r = 0; length > 0 && r < rows; r++)
        {
            float* row = tile + (long)r * stride;
            _activation(row, row, length);
        }
    }
}
