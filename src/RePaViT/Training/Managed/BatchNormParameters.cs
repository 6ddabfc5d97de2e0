using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>The tensors of a batch normalization, and how its running statistics move.</summary>
internal sealed class BatchNormParameters
{
    private readonly float _epsilon;
    private readonly TrainingParameter _runningMean;
    private readonly TrainingParameter _runningVariance;

    public BatchNormParameters(BatchNormalize norm)
    {
        _epsilon = norm.Epsilon;
        TrainingParameter[] tensors = [.. norm.Tensors.Select(tensor => new TrainingParameter(tensor))];
        (Gamma, Beta, _runningMean, _runningVariance) = (tensors[0], tensors[1], tensors[2], tensors[3]);
    }

    public TrainingParameter Gamma { get; }

    public TrainingParameter Beta { get; }

    public IReadOnlyList<TrainingParameter> Parameters => [Gamma, Beta, _runningMean, _runningVariance];

    /// <summary>
    /// Moves the running statistics of channels [first, first + length) towards those of a batch, and turns the variances
    /// into 1 / sqrt(variance + eps).
    /// </summary>
    /// <param name="first">The first channel.</param>
    /// <param name="mean">The batch's means.</param>
    /// <param name="variance">The batch's variances, of the rows as they are; replaced.</param>
    /// <param name="rows">Rows of the batch; the running variance is an estimate from them.</param>
    public void TakeStatistics(int first, ReadOnlySpan<float> mean, Span<float> variance, int rows)
    {
        Span<float> runningMean = _runningMean.Value.Slice(first, mean.Length);
        Span<float> runningVariance = _runningVariance.Value.Slice(first, mean.Length);
        float correction = rows > 1 ? (float)rows / (rows - 1) : 1;
        for (int i = 0; i < mean.Length; i++)
        {
            runningMean[i] += BatchNormalize.Momentum * (mean[i] - runningMean[i]);
            runningVariance[i] += BatchNormalize.Momentum * (variance[i] * correction - runningVariance[i]);
            variance[i] = 1 / MathF.Sqrt(variance[i] + _epsilon);
        }
    }
}
