using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed.Fused;

/// <summary>
/// u = BN1(a) W1' + b1; v = [f(u[:, :k]), u[:, k:]]; y = BN2(v) W2' + b2. Of the hidden channels only
/// BN2's normalized values are kept, and u for the active ones.
/// </summary>
internal sealed class ChannelIdleFeedForwardTraining : TrainingOperator
{
    private readonly ActivationKind _kind;
    private readonly int _hiddenChannels;
    private readonly int _activeChannels;
    private readonly NormalizedLinear _input;
    private readonly NormalizedLinear _output;
    private readonly PinnedBuffer _inputBuffer;
    private readonly PinnedBuffer _activeBuffer;
    private readonly PinnedBuffer _hiddenBuffer;
    private readonly Action<int, int> _normalizeInput;
    private readonly Action<int, int> _activate;
    private readonly Action<int, int> _normalizeHidden;
    private readonly Action<int, int> _backwardHidden;
    private readonly Action<int, int> _backwardInput;
    private TrainingContext _context = null!;
    private Matrix _x;
    private Matrix _normalizedInput;
    private Matrix _active;
    private Matrix _hidden;
    private Matrix _dHidden;
    private Matrix _dInput;
    private Matrix _dx;
    private bool _accumulate;

    public ChannelIdleFeedForwardTraining(ChannelIdleBranch branch, int rowsPerImage, TrainingContext context)
    {
        _kind = branch.Activation.Kind;
        _hiddenChannels = branch.Hidden;
        _activeChannels = branch.Active;
        _input = new NormalizedLinear(branch.InputNorm, branch.Inner);
        _output = new NormalizedLinear(branch.HiddenNorm, branch.Output);
        long rows = (long)context.BatchSize * rowsPerImage;
        _inputBuffer = new PinnedBuffer(rows * branch.Dim);
        _activeBuffer = new PinnedBuffer(rows * branch.Active);
        _hiddenBuffer = new PinnedBuffer(rows * branch.Hidden);
        _normalizeInput = (chunk, _) => _input.NormalizeChunk(_x.Chunk(chunk), _normalizedInput.Chunk(chunk));
        _activate = (chunk, _) => Activate(chunk);
        _normalizeHidden = (chunk, _) => _output.NormalizeChunk(_hidden.Chunk(chunk), _hidden.Chunk(chunk));
        _backwardHidden = (chunk, _) => BackwardHidden(_hidden.Chunk(chunk), _active.Chunk(chunk), _dHidden.Chunk(chunk));
        _backwardInput = (chunk, _) => BackwardInput(_normalizedInput.Chunk(chunk), _dInput.Chunk(chunk), _dx.Chunk(chunk));
    }

    public override IReadOnlyList<TrainingParameter> Parameters => [.. _input.Parameters, .. _output.Parameters];

    public override bool ReadsGradientFirst => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        _context = context;
        _x = x;
        _normalizedInput = _inputBuffer.AsMatrix(x.Rows, x.Columns);
        _active = _activeBuffer.AsMatrix(x.Rows, _activeChannels);
        _hidden = _hiddenBuffer.AsMatrix(x.Rows, _hiddenChannels);
        int chunks = RowChunks.Count(x.Rows);

        context.Columns.GatherMoments(x);
        _input.TakeStatistics(context, x.Rows);
        context.Team.Run(chunks, _normalizeInput);
        _input.Forward(context, _normalizedInput, _hidden);

        context.Columns.Begin(x.Rows, _hiddenChannels);
        context.Team.Run(chunks, _activate);
        _output.TakeStatistics(context, x.Rows);
        context.Team.Run(chunks, _normalizeHidden);
        _output.Forward(context, _hidden, y);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        _accumulate = accumulate;
        _dx = dx;
        _dHidden = context.WideGradient(dx.Rows, _hiddenChannels);
        _dInput = context.InputGradient(dx.Rows, dx.Columns);
        int chunks = RowChunks.Count(dx.Rows);

        _output.Backward(context, _hidden, dy, _dHidden);
        context.Team.Run(chunks, _backwardHidden);
        _input.Backward(context, _normalizedInput, _dHidden, _dInput);
        context.Team.Run(chunks, _backwardInput);
    }

    /// <summary>Activates the active channels of a chunk, and takes its statistics while it is in cache.</summary>
    private void Activate(int chunk)
    {
        Matrix hidden = _hidden.Chunk(chunk);
        Matrix active = _active.Chunk(chunk);
        for (int row = 0; row < hidden.Rows; row++)
        {
            Span<float> channels = hidden.Row(row)[.._activeChannels];
            channels.CopyTo(active.Row(row));
            ActivationKernels.Forward(_kind, channels, channels);
        }

        _context.Columns.AddMoments(chunk, hidden);
    }

    /// <summary>From BN2's normalized values back to u.</summary>
    private void BackwardHidden(Matrix normalized, Matrix active, Matrix gradient)
    {
        for (int row = 0; row < gradient.Rows; row++)
        {
            Span<float> channels = gradient.Row(row);
            _output.BackwardRow(normalized.Row(row), channels);
            ActivationKernels.Backward(_kind, active.Row(row), channels[.._activeChannels], channels[.._activeChannels]);
        }
    }

    /// <summary>From BN1's normalized values back to a.</summary>
    private void BackwardInput(Matrix normalized, Matrix gradient, Matrix dx)
    {
        for (int row = 0; row < gradient.Rows; row++)
        {
            _input.BackwardRow(normalized.Row(row), gradient.Row(row));
            PassOn(gradient.TakeRows(row, 1), dx.TakeRows(row, 1), _accumulate);
        }
    }
}
