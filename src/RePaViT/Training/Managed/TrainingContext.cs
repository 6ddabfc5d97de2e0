using RePaViT.Kernels;
using RePaViT.Threading;

namespace RePaViT.Training.Managed;

/// <summary>What the operators of a network share in training: threads, kernels, scratch memory and the batch in progress.</summary>
internal sealed class TrainingContext(ThreadTeam team, int batchSize, ulong seed)
{
    private readonly PackedMatrix _weight = new();
    private readonly PackedMatrix _rows = new();
    private readonly ScratchBuffer _inputGradient = new();
    private readonly ScratchBuffer _wideGradient = new();
    private readonly ScratchBuffer _weightGradient = new();

    public ThreadTeam Team { get; } = team;

    public Gemm Gemm { get; } = new(team);

    public ColumnStatistics Columns { get; } = new(team);

    public ImageKernels ImageKernels { get; } = new(team);

    public AveragePooling Pooling { get; } = new(team);

    public GroupNorm GroupNorm { get; } = new(team);

    /// <summary>Greatest number of images in a batch.</summary>
    public int BatchSize { get; } = batchSize;

    public ulong Seed { get; } = seed;

    /// <summary>Images of the batch in progress.</summary>
    public int Images { get; set; }

    /// <summary>Names the random choices of the batch in progress.</summary>
    public long DropPathKey { get; set; }

    /// <summary>The tokens that images of the batch in progress exchange.</summary>
    public CutBox Exchanged { get; set; }

    /// <summary>Room for the gradient of normalized tokens.</summary>
    public Matrix InputGradient(int rows, int columns) => _inputGradient.AsMatrix(rows, columns);

    /// <summary>Room for the gradient of hidden channels.</summary>
    public Matrix WideGradient(int rows, int columns) => _wideGradient.AsMatrix(rows, columns);

    /// <summary>Room for the gradient of a weight that is not a parameter itself.</summary>
    public Matrix WeightGradient(int rows, int columns) => _weightGradient.AsMatrix(rows, columns);

    /// <summary>y (+)= x W' with an epilogue; W is [outputs, inputs].</summary>
    public void Multiply(Matrix x, Matrix weight, Matrix y, GemmEpilogue epilogue = default, bool accumulate = false)
    {
        _weight.Pack(Team, weight, transposed: true);
        Gemm.Multiply(x, _weight, y, epilogue, accumulate);
    }

    /// <summary>The gradient of x in y = x W': dx (+)= dy W.</summary>
    public void MultiplyBackwardInput(Matrix dy, Matrix weight, Matrix dx, bool accumulate = false)
    {
        _weight.Pack(Team, weight, transposed: false);
        Gemm.Multiply(dy, _weight, dx, default, accumulate);
    }

    /// <summary>The gradient of W in y = x W': dW (+)= dy' x.</summary>
    public void MultiplyBackwardWeight(Matrix dy, Matrix x, Matrix dWeight, bool accumulate)
        => Gemm.MultiplyTall(dy, x, dWeight, _rows, accumulate);
}
