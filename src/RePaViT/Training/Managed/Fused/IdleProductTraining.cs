using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed.Fused;

/// <summary>
/// The training step of a feed-forward branch with idle channels that nothing normalizes, without ever making those: with the
/// active rows and columns a and the idle ones i of both matrices, M = W2i W1i and
/// <code>y = f(x W1a' + b1a) W2a' + x M' + (b2 + W2i b1i)</code>
/// </summary>
internal sealed class IdleProductTraining : TrainingOperator
{
    private readonly ActivationKind _kind;
    private readonly int _active;
    private readonly int _idle;
    private readonly TrainingParameter _inputWeight;
    private readonly TrainingParameter _inputBias;
    private readonly TrainingParameter _outputWeight;
    private readonly TrainingParameter _outputBias;

    // Kept from the forward to the backward pass.
    private readonly PinnedBuffer _linearBuffer;
    private readonly PinnedBuffer _hiddenBuffer;
    private readonly PinnedBuffer _mergedBuffer;
    private Matrix _linear;
    private Matrix _hidden;

    private readonly PinnedBuffer _shift;
    private readonly PinnedBuffer _dMergedBuffer;
    private readonly float[] _dShift;
    private readonly Action<int, int> _activate;
    private readonly Action<int, int> _backwardActivation;
    private Matrix _dHidden;

    public IdleProductTraining(IdleProduct branch, int rowsPerImage, TrainingContext context)
    {
        _kind = branch.Activation.Kind;
        _active = branch.Active;
        _idle = branch.Idle;
        _inputWeight = new TrainingParameter(branch.Inner.Weight);
        _inputBias = new TrainingParameter(branch.Inner.Bias!);
        _outputWeight = new TrainingParameter(branch.Output.Weight);
        _outputBias = new TrainingParameter(branch.Output.Bias!);

        long rows = (long)context.BatchSize * rowsPerImage;
        _linearBuffer = new PinnedBuffer(rows * _active);
        _hiddenBuffer = new PinnedBuffer(rows * _active);
        long merged = (long)branch.Output.Outputs * branch.Inner.Inputs;
        _mergedBuffer = new PinnedBuffer(merged);
        _dMergedBuffer = new PinnedBuffer(merged);
        _shift = new PinnedBuffer(branch.Output.Outputs);
        _dShift = new float[branch.Output.Outputs];
        _activate = (chunk, _) => ActivationKernels.Forward(_kind, _linear.Chunk(chunk).AsSpan(), _hidden.Chunk(chunk).AsSpan());
        _backwardActivation = (chunk, _) => ActivationKernels.Backward(
            _kind, _linear.Chunk(chunk).AsSpan(), _dHidden.Chunk(chunk).AsSpan(), _dHidden.Chunk(chunk).AsSpan());
    }

    public override IReadOnlyList<TrainingParameter> Parameters => [_inputWeight, _inputBias, _outputWeight, _outputBias];

    private Matrix Merged => _mergedBuffer.AsMatrix(_outputBias.Spec.Shape[0], _inputWeight.Matrix.Columns);

    private Matrix ActiveInput => _inputWeight.Matrix.TakeRows(0, _active);

    private Matrix IdleInput => _inputWeight.Matrix.TakeRows(_active, _idle);

    private Matrix ActiveOutput => _outputWeight.Matrix.TakeColumns(0, _active);

    private Matrix IdleOutput => _outputWeight.Matrix.TakeColumns(_active, _idle);

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        context.MultiplyBackwardInput(IdleOutput, IdleInput, Merged);
        for (int row = 0; row < _shift.Length; row++)
        {
            _shift.Span[row] = _outputBias.Value[row] + Reduce.Dot(IdleOutput.Row(row), _inputBias.Value[_active..]);
        }

        context.Multiply(x, Merged, y, GemmEpilogue.AddBias(_shift.AsMatrix(1, _shift.Length)));
        if (_active > 0)
        {
            _linear = _linearBuffer.AsMatrix(x.Rows, _active);
            _hidden = _hiddenBuffer.AsMatrix(x.Rows, _active);
            context.Multiply(x, ActiveInput, _linear, GemmEpilogue.AddBias(_inputBias.Row.TakeColumns(0, _active)));
            context.Team.Run(RowChunks.Count(x.Rows), _activate);
            context.Multiply(_hidden, ActiveOutput, y, accumulate: true);
        }
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        context.MultiplyBackwardInput(dy, Merged, dx, accumulate);
        BackwardShift(context, dy);
        BackwardMerged(context, x, dy);
        if (_active > 0)
        {
            BackwardActive(context, x, dy, dx);
        }
    }

    /// <summary>Back through b2 + W2i b1i.</summary>
    private void BackwardShift(TrainingContext context, Matrix dy)
    {
        Array.Clear(_dShift);
        context.Columns.AddColumnSums(dy, _dShift);
        TensorPrimitives.Add(_outputBias.Gradient, _dShift, _outputBias.Gradient);
        ReadOnlySpan<float> bias = _inputBias.Value[_active..];
        Span<float> dBias = _inputBias.Gradient[_active..];
        for (int row = 0; row < _dShift.Length; row++)
        {
            Span<float> dWeight = _outputWeight.GradientMatrix.Row(row)[_active..];
            TensorPrimitives.MultiplyAdd(bias, _dShift[row], dWeight, dWeight);
            TensorPrimitives.MultiplyAdd(IdleOutput.Row(row), _dShift[row], dBias, dBias);
        }
    }

    /// <summary>Back through x M' and M = W2i W1i.</summary>
    private void BackwardMerged(TrainingContext context, Matrix x, Matrix dy)
    {
        Matrix dMerged = _dMergedBuffer.AsMatrix(Merged.Rows, Merged.Columns);
        context.MultiplyBackwardWeight(dy, x, dMerged, accumulate: false);
        context.Multiply(dMerged, IdleInput, _outputWeight.GradientMatrix.TakeColumns(_active, _idle), accumulate: true);
        context.MultiplyBackwardWeight(IdleOutput, dMerged, _inputWeight.GradientMatrix.TakeRows(_active, _idle), accumulate: true);
    }

    private void BackwardActive(TrainingContext context, Matrix x, Matrix dy, Matrix dx)
    {
        context.MultiplyBackwardWeight(dy, _hidden, _outputWeight.GradientMatrix.TakeColumns(0, _active), accumulate: true);
        _dHidden = context.WideGradient(dy.Rows, _active);
        context.MultiplyBackwardInput(dy, ActiveOutput, _dHidden);
        context.Team.Run(RowChunks.Count(dy.Rows), _backwardActivation);
        context.MultiplyBackwardWeight(_dHidden, x, _inputWeight.GradientMatrix.TakeRows(0, _active), accumulate: true);
        context.Columns.AddColumnSums(_dHidden, _inputBias.Gradient[.._active]);
        context.MultiplyBackwardInput(_dHidden, ActiveInput, dx, accumulate: true);
    }
}
