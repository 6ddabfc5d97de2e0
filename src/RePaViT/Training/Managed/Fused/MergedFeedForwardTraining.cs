using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed.Fused;

/// <summary>
/// The training step of a channel-idle feed-forward layer at nearly the cost of the deployed one: the same values,
/// gradients and running statistics as <see cref="ChannelIdleFeedForwardTraining"/>, without ever making idle channels.
/// <para>
/// With xh = BN1(a) before its affine part, V = W1 diag(gamma1) and u = xh V' + b, an idle channel is linear up to BN2's
/// statistics, and those follow from S = xh' xh / n: its mean is b, its variance the diagonal of V S V'. With
/// s = gamma2 / sqrt(variance + eps), all idle channels together are one matrix, N = W2 diag(s) V over them:
/// </para>
/// <code>y = BN2(f(u_active)) W2_active' + xh N' + (b2 + W2 beta2)</code>
/// </summary>
internal sealed class MergedFeedForwardTraining : TrainingOperator
{
    private readonly ActivationKind _kind;
    private readonly int _dim;
    private readonly int _active;
    private readonly int _idle;
    private readonly BatchNormParameters _inputNorm;
    private readonly BatchNormParameters _hiddenNorm;
    private readonly TrainingParameter _inputWeight;
    private readonly TrainingParameter _inputBias;
    private readonly TrainingParameter _outputWeight;
    private readonly TrainingParameter _outputBias;

    // Kept from the forward to the backward pass: rows of the batch.
    private readonly PinnedBuffer _normalizedBuffer;
    private readonly PinnedBuffer _linearBuffer;
    private readonly PinnedBuffer _hiddenBuffer;
    private Matrix _normalized;
    private Matrix _linear;
    private Matrix _hidden;

    // And matrices that do not grow with it.
    private readonly Matrix _foldedInput;
    private readonly Matrix _foldedBias;
    private readonly Matrix _foldedOutput;
    private readonly Matrix _outputShift;
    private readonly Matrix _covariance;
    private readonly Matrix _idleCovariance;
    private readonly Matrix _scaledOutput;
    private readonly Matrix _merged;
    private readonly Matrix _dFoldedInput;
    private readonly Matrix _dScaledOutput;
    private readonly Matrix _dMerged;
    private readonly Matrix _weighted;
    private readonly Matrix _dActiveOutput;
    private readonly List<PinnedBuffer> _matrices = [];

    private readonly float[] _inputMean;
    private readonly float[] _inputScale;
    private readonly float[] _hiddenMean;
    private readonly float[] _hiddenScale;
    private readonly float[] _idleScale;
    private readonly float[] _dOutputBias;
    private readonly float[] _dInputBias;
    private readonly float[] _dInputBeta;
    private readonly float[] _dInputGamma;
    private readonly float[] _dHiddenBeta;
    private readonly float[] _dHiddenGamma;
    private readonly float[] _dScale;
    private readonly float[] _meanOfGradient;
    private readonly float[] _meanOfProduct;

    private readonly Action<int, int> _foldInput;
    private readonly Action<int, int> _foldOutput;
    private readonly Action<int, int> _backwardShift;
    private readonly Action<int, int> _backwardScale;
    private readonly Action<int, int> _backwardVariance;
    private readonly Action<int, int> _backwardFold;
    private readonly Action<int, int> _normalizeInput;
    private readonly Action<int, int> _activate;
    private readonly Action<int, int> _normalizeHidden;
    private readonly Action<int, int> _backwardHidden;
    private readonly Action<int, int> _backwardInput;
    private TrainingContext _context = null!;
    private Matrix _x;
    private Matrix _dHidden;
    private Matrix _dNormalized;
    private Matrix _dx;
    private bool _accumulate;
    private int _blocks;

    public MergedFeedForwardTraining(ChannelIdleBranch branch, int rowsPerImage, TrainingContext context)
    {
        _kind = branch.Activation.Kind;
        _dim = branch.Dim;
        _active = branch.Active;
        _idle = branch.Hidden - branch.Active;
        _inputNorm = new BatchNormParameters(branch.InputNorm);
        _hiddenNorm = new BatchNormParameters(branch.HiddenNorm);
        _inputWeight = new TrainingParameter(branch.Inner.Weight);
        _inputBias = new TrainingParameter(branch.Inner.Bias!);
        _outputWeight = new TrainingParameter(branch.Output.Weight);
        _outputBias = new TrainingParameter(branch.Output.Bias!);

        long rows = (long)context.BatchSize * rowsPerImage;
        _normalizedBuffer = new PinnedBuffer(rows * _dim);
        _linearBuffer = new PinnedBuffer(rows * _active);
        _hiddenBuffer = new PinnedBuffer(rows * _active);

        _foldedInput = NewMatrix(branch.Hidden, _dim);
        _foldedBias = NewMatrix(1, branch.Hidden);
        _foldedOutput = NewMatrix(_dim, _active);
        _outputShift = NewMatrix(1, _dim);
        _covariance = NewMatrix(_dim, _dim);
        _idleCovariance = NewMatrix(_idle, _dim);
        _scaledOutput = NewMatrix(_dim, _idle);
        _merged = NewMatrix(_dim, _dim);
        _dFoldedInput = NewMatrix(branch.Hidden, _dim);
        _dScaledOutput = NewMatrix(_dim, _idle);
        _dMerged = NewMatrix(_dim, _dim);
        _weighted = NewMatrix(_idle, _dim);
        _dActiveOutput = NewMatrix(_dim, _active);

        _inputMean = new float[_dim];
        _inputScale = new float[_dim];
        _hiddenMean = new float[branch.Hidden];
        _hiddenScale = new float[branch.Hidden];
        _idleScale = new float[_idle];
        _dOutputBias = new float[_dim];
        _dInputBias = new float[_active];
        _dInputBeta = new float[_dim];
        _dInputGamma = new float[_dim];
        _dHiddenBeta = new float[branch.Hidden];
        _dHiddenGamma = new float[branch.Hidden];
        _dScale = new float[_idle];
        _meanOfGradient = new float[Math.Max(_dim, _active)];
        _meanOfProduct = new float[Math.Max(_dim, _active)];

        _foldInput = (chunk, _) => FoldInput(chunk);
        _foldOutput = (chunk, _) => FoldOutput(chunk);
        _backwardShift = (block, _) => BackwardShift(block);
        _backwardScale = (block, _) => BackwardScale(block);
        _backwardVariance = (chunk, _) => BackwardVariance(chunk);
        _backwardFold = (block, _) => BackwardFold(block);
        _normalizeInput = (chunk, _) => BatchNorm.Forward(_x.Chunk(chunk), _normalized.Chunk(chunk), _inputMean, _inputScale);
        _activate = (chunk, _) => Activate(chunk);
        _normalizeHidden = (chunk, _) => BatchNorm.Forward(
            _hidden.Chunk(chunk), _hidden.Chunk(chunk), _hiddenMean.AsSpan(0, _active), _hiddenScale.AsSpan(0, _active));
        _backwardHidden = (chunk, _) => BackwardHidden(_hidden.Chunk(chunk), _linear.Chunk(chunk), _dHidden.Chunk(chunk));
        _backwardInput = (chunk, _) => BackwardInput(_normalized.Chunk(chunk), _dNormalized.Chunk(chunk), _dx.Chunk(chunk));
    }

    public override IReadOnlyList<TrainingParameter> Parameters =>
        [.. _inputNorm.Parameters, _inputWeight, _inputBias, .. _hiddenNorm.Parameters, _outputWeight, _outputBias];

    private Matrix FoldedActiveInput => _foldedInput.TakeRows(0, _active);

    private Matrix FoldedIdleInput => _foldedInput.TakeRows(_active, _idle);

    public override bool ReadsGradientFirst => true;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        _context = context;
        _x = x;
        _normalized = _normalizedBuffer.AsMatrix(x.Rows, _dim);
        _linear = _linearBuffer.AsMatrix(x.Rows, _active);
        _hidden = _hiddenBuffer.AsMatrix(x.Rows, _active);
        int chunks = RowChunks.Count(x.Rows);

        context.Columns.GatherMoments(x);
        context.Columns.GetMoments(_inputMean, _inputScale);
        _inputNorm.TakeStatistics(0, _inputMean, _inputScale, x.Rows);
        context.Team.Run(chunks, _normalizeInput);
        FoldWeights(context);

        if (_active > 0)
        {
            context.Multiply(
                _normalized, FoldedActiveInput, _linear, GemmEpilogue.AddBias(_foldedBias.TakeColumns(0, _active)));
            context.Columns.Begin(x.Rows, _active);
            context.Team.Run(chunks, _activate);
            context.Columns.GetMoments(_hiddenMean.AsSpan(0, _active), _hiddenScale.AsSpan(0, _active));
            _hiddenNorm.TakeStatistics(0, _hiddenMean.AsSpan(0, _active), _hiddenScale.AsSpan(0, _active), x.Rows);
            context.Team.Run(chunks, _normalizeHidden);
        }

        MergeIdle(context, x.Rows);
        context.Multiply(_normalized, _merged, y, GemmEpilogue.AddBias(_outputShift));
        if (_active > 0)
        {
            context.Multiply(_hidden, _foldedOutput, y, accumulate: true);
        }
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        _accumulate = accumulate;
        _dx = dx;
        _dNormalized = context.InputGradient(dx.Rows, _dim);
        BackwardShift(context, dy);
        if (_active > 0)
        {
            BackwardActive(context, dy);
        }

        BackwardIdle(context, dy);
        BackwardFold(context, dx.Rows);
        context.Team.Run(RowChunks.Count(dx.Rows), _backwardInput);
    }

    /// <summary>V = W1 diag(gamma1), b = b1 + W1 beta1, and the part of W2 diag(gamma2) for active channels.</summary>
    private void FoldWeights(TrainingContext context)
    {
        context.Team.Run(RowChunks.Count(_foldedInput.Rows), _foldInput);
        context.Team.Run(RowChunks.Count(_dim), _foldOutput);
    }

    private void FoldInput(int chunk)
    {
        Matrix weights = _inputWeight.Matrix.Chunk(chunk);
        Matrix folded = _foldedInput.Chunk(chunk);
        for (int i = 0; i < weights.Rows; i++)
        {
            int row = chunk * RowChunks.Size + i;
            TensorPrimitives.Multiply(weights.Row(i), _inputNorm.Gamma.Value, folded.Row(i));
            _foldedBias.Row(0)[row] = _inputBias.Value[row] + Reduce.Dot(weights.Row(i), _inputNorm.Beta.Value);
        }
    }

    private void FoldOutput(int chunk)
    {
        Matrix weights = _outputWeight.Matrix.Chunk(chunk);
        Matrix folded = _foldedOutput.Chunk(chunk);
        for (int i = 0; i < weights.Rows; i++)
        {
            int row = chunk * RowChunks.Size + i;
            TensorPrimitives.Multiply(weights.Row(i)[.._active], _hiddenNorm.Gamma.Value[.._active], folded.Row(i));
            _outputShift.Row(0)[row] = _outputBias.Value[row] + Reduce.Dot(weights.Row(i), _hiddenNorm.Beta.Value);
        }
    }

    /// <summary>S, the idle channels' statistics from it, and N = W2 diag(s) V over the idle channels.</summary>
    private void MergeIdle(TrainingContext context, int rows)
    {
        context.MultiplyBackwardWeight(_normalized, _normalized, _covariance, accumulate: false);
        TensorPrimitives.Multiply(_covariance.AsSpan(), 1f / rows, _covariance.AsSpan());
        context.Multiply(FoldedIdleInput, _covariance, _idleCovariance);
        Span<float> variance = _hiddenScale.AsSpan(_active);
        for (int i = 0; i < _idle; i++)
        {
            // Rounding can leave a variance of 0 a little below.
            variance[i] = Math.Max(0, Reduce.Dot(_idleCovariance.Row(i), FoldedIdleInput.Row(i)));
        }

        _hiddenNorm.TakeStatistics(_active, _foldedBias.Row(0)[_active..], variance, rows);
        TensorPrimitives.Multiply(_hiddenNorm.Gamma.Value[_active..], variance, _idleScale);
        for (int row = 0; row < _dim; row++)
        {
            TensorPrimitives.Multiply(_outputWeight.Matrix.Row(row)[_active..], _idleScale, _scaledOutput.Row(row));
        }

        context.MultiplyBackwardInput(_scaledOutput, FoldedIdleInput, _merged);
    }

    /// <summary>Back through b2 + W2 beta2.</summary>
    private void BackwardShift(TrainingContext context, Matrix dy)
    {
        Array.Clear(_dOutputBias);
        context.Columns.AddColumnSums(dy, _dOutputBias);
        TensorPrimitives.Add(_outputBias.Gradient, _dOutputBias, _outputBias.Gradient);
        Array.Clear(_dHiddenBeta);
        RunOnColumns(context, _dHiddenBeta.Length, _backwardShift);
        TensorPrimitives.Add(_hiddenNorm.Beta.Gradient, _dHiddenBeta, _hiddenNorm.Beta.Gradient);
    }

    /// <summary>Shares sums over the rows of a matrix.</summary>
    private void RunOnColumns(TrainingContext context, int columns, Action<int, int> body)
    {
        _blocks = ColumnBlocks.Count(columns, context.Team.Size);
        context.Team.Run(_blocks, body);
    }

    private void BackwardShift(int block)
    {
        Matrix weights = _outputWeight.Matrix.ColumnBlock(block, _blocks);
        Matrix dWeights = _outputWeight.GradientMatrix.ColumnBlock(block, _blocks);
        ReadOnlySpan<float> beta = _hiddenNorm.Beta.Value.ColumnBlock(block, _blocks);
        Span<float> dBeta = _dHiddenBeta.AsSpan().ColumnBlock(block, _blocks);
        for (int row = 0; row < weights.Rows; row++)
        {
            Span<float> dWeight = dWeights.Row(row);
            TensorPrimitives.MultiplyAdd(weights.Row(row), _dOutputBias[row], dBeta, dBeta);
            TensorPrimitives.MultiplyAdd(beta, _dOutputBias[row], dWeight, dWeight);
        }
    }

    /// <summary>Back through the active channels; starts the gradient of xh.</summary>
    private void BackwardActive(TrainingContext context, Matrix dy)
    {
        context.MultiplyBackwardWeight(dy, _hidden, _dActiveOutput, accumulate: false);
        Span<float> dGamma = _dHiddenGamma.AsSpan(0, _active);
        dGamma.Clear();
        for (int row = 0; row < _dim; row++)
        {
            ReadOnlySpan<float> gradient = _dActiveOutput.Row(row);
            Span<float> dWeight = _outputWeight.GradientMatrix.Row(row)[.._active];
            TensorPrimitives.MultiplyAdd(gradient, _outputWeight.Matrix.Row(row)[.._active], dGamma, dGamma);
            TensorPrimitives.MultiplyAdd(gradient, _hiddenNorm.Gamma.Value[.._active], dWeight, dWeight);
        }

        Span<float> gammaGradient = _hiddenNorm.Gamma.Gradient[.._active];
        TensorPrimitives.Add(gammaGradient, dGamma, gammaGradient);
        for (int i = 0; i < _active; i++)
        {
            _meanOfGradient[i] = _hiddenNorm.Gamma.Value[i] * _dHiddenBeta[i] / dy.Rows;
            _meanOfProduct[i] = _hiddenNorm.Gamma.Value[i] * dGamma[i] / dy.Rows;
        }

        _dHidden = context.WideGradient(dy.Rows, _active);
        context.MultiplyBackwardInput(dy, _foldedOutput, _dHidden);
        context.Team.Run(RowChunks.Count(dy.Rows), _backwardHidden);
        context.MultiplyBackwardWeight(_dHidden, _normalized, _dFoldedInput.TakeRows(0, _active), accumulate: false);
        Array.Clear(_dInputBias);
        context.Columns.AddColumnSums(_dHidden, _dInputBias);
        context.MultiplyBackwardInput(_dHidden, FoldedActiveInput, _dNormalized);
    }

    /// <summary>Back through xh N': to W2, gamma2, V, and on through N and S to xh.</summary>
    private void BackwardIdle(TrainingContext context, Matrix dy)
    {
        // N = (W2 diag(s)) V
        context.MultiplyBackwardWeight(dy, _normalized, _dMerged, accumulate: false);
        context.Multiply(_dMerged, FoldedIdleInput, _dScaledOutput);
        Matrix dIdleInput = _dFoldedInput.TakeRows(_active, _idle);
        context.MultiplyBackwardWeight(_scaledOutput, _dMerged, dIdleInput, accumulate: false);
        Array.Clear(_dScale);
        RunOnColumns(context, _idle, _backwardScale);
        context.Team.Run(RowChunks.Count(_idle), _backwardVariance);

        // S = xh' xh / n: dxh += 2/n xh dS.
        Matrix dCovariance = _covariance;
        context.MultiplyBackwardWeight(_weighted, FoldedIdleInput, dCovariance, accumulate: false);
        TensorPrimitives.Multiply(dCovariance.AsSpan(), 2f / dy.Rows, dCovariance.AsSpan());
        context.MultiplyBackwardInput(dy, _merged, _dNormalized, accumulate: _active > 0);
        context.MultiplyBackwardInput(_normalized, dCovariance, _dNormalized, accumulate: true);
    }

    private void BackwardScale(int block)
    {
        Matrix weights = _outputWeight.Matrix.TakeColumns(_active, _idle).ColumnBlock(block, _blocks);
        Matrix dWeights = _outputWeight.GradientMatrix.TakeColumns(_active, _idle).ColumnBlock(block, _blocks);
        Matrix dScaled = _dScaledOutput.ColumnBlock(block, _blocks);
        ReadOnlySpan<float> scale = _idleScale.AsSpan().ColumnBlock(block, _blocks);
        Span<float> dScale = _dScale.AsSpan().ColumnBlock(block, _blocks);
        for (int row = 0; row < weights.Rows; row++)
        {
            Span<float> dWeight = dWeights.Row(row);
            TensorPrimitives.MultiplyAdd(dScaled.Row(row), weights.Row(row), dScale, dScale);
            TensorPrimitives.MultiplyAdd(dScaled.Row(row), scale, dWeight, dWeight);
        }
    }

    /// <summary>s = gamma2 / sqrt(v + eps) and v = diag(V S V'): dV += 2 diag(dv) V S, dS = V' diag(dv) V.</summary>
    private void BackwardVariance(int chunk)
    {
        Matrix input = FoldedIdleInput.Chunk(chunk);
        Matrix dInput = _dFoldedInput.TakeRows(_active, _idle).Chunk(chunk);
        Matrix covariance = _idleCovariance.Chunk(chunk);
        Matrix weighted = _weighted.Chunk(chunk);
        for (int row = 0; row < input.Rows; row++)
        {
            int i = chunk * RowChunks.Size + row;
            float scale = _hiddenScale[_active + i];
            _hiddenNorm.Gamma.Gradient[_active + i] += _dScale[i] * scale;
            float dVariance = -0.5f * _dScale[i] * _hiddenNorm.Gamma.Value[_active + i] * scale * scale * scale;
            TensorPrimitives.MultiplyAdd(covariance.Row(row), 2 * dVariance, dInput.Row(row), dInput.Row(row));
            TensorPrimitives.Multiply(input.Row(row), dVariance, weighted.Row(row));
        }
    }

    /// <summary>
    /// Back through V = W1 diag(gamma1) and b = b1 + W1 beta1. Idle channels lose their b to BN2's mean, so that has no
    /// gradient there. The means that BN1 needs follow: sum(dxh xh) = gamma1 dgamma1, and sum(dxh) = sum(du) V + sum(dy) N.
    /// </summary>
    private void BackwardFold(TrainingContext context, int rows)
    {
        Array.Clear(_dInputBeta);
        Array.Clear(_dInputGamma);
        RunOnColumns(context, _dim, _backwardFold);
        Span<float> biasGradient = _inputBias.Gradient[.._active];
        TensorPrimitives.Add(biasGradient, _dInputBias, biasGradient);
        TensorPrimitives.Add(_inputNorm.Beta.Gradient, _dInputBeta, _inputNorm.Beta.Gradient);
        TensorPrimitives.Add(_inputNorm.Gamma.Gradient, _dInputGamma, _inputNorm.Gamma.Gradient);
        Span<float> meanOfGradient = _meanOfGradient.AsSpan(0, _dim);
        TensorPrimitives.Multiply(_inputNorm.Gamma.Value, _dInputBeta, meanOfGradient);
        for (int row = 0; row < _dim; row++)
        {
            TensorPrimitives.MultiplyAdd(_merged.Row(row), _dOutputBias[row], meanOfGradient, meanOfGradient);
        }

        TensorPrimitives.Multiply(meanOfGradient, 1f / rows, meanOfGradient);
        Span<float> meanOfProduct = _meanOfProduct.AsSpan(0, _dim);
        TensorPrimitives.Multiply(_inputNorm.Gamma.Value, _dInputGamma, meanOfProduct);
        TensorPrimitives.Multiply(meanOfProduct, 1f / rows, meanOfProduct);
    }

    private void BackwardFold(int block)
    {
        Matrix weights = _inputWeight.Matrix.ColumnBlock(block, _blocks);
        Matrix dWeights = _inputWeight.GradientMatrix.ColumnBlock(block, _blocks);
        Matrix gradients = _dFoldedInput.ColumnBlock(block, _blocks);
        ReadOnlySpan<float> gamma = _inputNorm.Gamma.Value.ColumnBlock(block, _blocks);
        ReadOnlySpan<float> beta = _inputNorm.Beta.Value.ColumnBlock(block, _blocks);
        Span<float> dGamma = _dInputGamma.AsSpan().ColumnBlock(block, _blocks);
        Span<float> dBeta = _dInputBeta.AsSpan().ColumnBlock(block, _blocks);
        for (int row = 0; row < weights.Rows; row++)
        {
            Span<float> dWeight = dWeights.Row(row);
            TensorPrimitives.MultiplyAdd(gradients.Row(row), weights.Row(row), dGamma, dGamma);
            TensorPrimitives.MultiplyAdd(gradients.Row(row), gamma, dWeight, dWeight);
            if (row < _active)
            {
                TensorPrimitives.MultiplyAdd(weights.Row(row), _dInputBias[row], dBeta, dBeta);
                TensorPrimitives.MultiplyAdd(beta, _dInputBias[row], dWeight, dWeight);
            }
        }
    }

    private void Activate(int chunk)
    {
        Matrix hidden = _hidden.Chunk(chunk);
        ActivationKernels.Forward(_kind, _linear.Chunk(chunk).AsSpan(), hidden.AsSpan());
        _context.Columns.AddMoments(chunk, hidden);
    }

    private void BackwardHidden(Matrix normalized, Matrix linear, Matrix gradient)
    {
        for (int row = 0; row < gradient.Rows; row++)
        {
            BatchNorm.Backward(
                normalized.Row(row), gradient.Row(row), _hiddenScale.AsSpan(0, _active),
                _meanOfGradient.AsSpan(0, _active), _meanOfProduct.AsSpan(0, _active));
        }

        ActivationKernels.Backward(_kind, linear.AsSpan(), gradient.AsSpan(), gradient.AsSpan());
    }

    private void BackwardInput(Matrix normalized, Matrix gradient, Matrix dx)
    {
        for (int row = 0; row < gradient.Rows; row++)
        {
            BatchNorm.Backward(
                normalized.Row(row), gradient.Row(row), _inputScale, _meanOfGradient.AsSpan(0, _dim), _meanOfProduct.AsSpan(0, _dim));
            PassOn(gradient.TakeRows(row, 1), dx.TakeRows(row, 1), _accumulate);
        }
    }

    private Matrix NewMatrix(int rows, int columns)
    {
        var buffer = new PinnedBuffer((long)rows * columns);
        _matrices.Add(buffer);
        return buffer.AsMatrix(rows, columns);
    }
}
