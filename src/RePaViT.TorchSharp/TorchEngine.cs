using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// What training on a device is, whatever the loss: batches in, gradients gathered with autograd, a step of the optimizer. A batch is waited
/// for once, when its loss and the norm of the gradients come back together.
/// </summary>
/// <param name="batchSize">Greatest number of images in a batch.</param>
/// <param name="remedy">What takes less memory: the end of a sentence.</param>
internal abstract class TorchEngine(int batchSize, string remedy) : ITrainingEngine
{
    private double _norm;

    /// <inheritdoc/>
    public BatchResult Accumulate(TrainingBatch batch, float scale, long dropPathKey)
    {
        // Wrong sizes must not reach native code, which would end the process.
        ArgumentOutOfRangeException.ThrowIfLessThan(batch.Count, 1, nameof(batch));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Count, Math.Min(batch.Capacity, batchSize), nameof(batch));
        ThrowUnlessFits(batch);
        return DeviceMemory.Compute($"{batch.Count} images at once", remedy, () =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            (BatchResult result, _norm) = Run(batch, scale, dropPathKey);
            return result;
        });
    }

    /// <inheritdoc/>
    public double Update(double learningRate)
    {
        double norm = _norm;
        if (!double.IsFinite(norm))
        {
            return norm;
        }

        return DeviceMemory.Compute("a step of the optimizer", remedy, () =>
        {
            using DisposeScope scope = torch.NewDisposeScope();
            using IDisposable withoutGradients = torch.no_grad();
            Move(learningRate, norm);
            return norm;
        });
    }

    /// <summary>The gradients since the last update, under the parameters' names.</summary>
    public abstract NamedTensors GetGradients();

    /// <inheritdoc/>
    public abstract NamedTensors GetWeights(bool averaged);

    /// <inheritdoc/>
    public abstract NamedTensors GetState();

    /// <inheritdoc/>
    public abstract void SetState(NamedTensors state);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Refuses a batch whose images have other sizes.</summary>
    protected abstract void ThrowUnlessFits(TrainingBatch batch);

    /// <summary>Runs a batch forward and backward. Gives its result, and the norm of all gradients since the last step.</summary>
    protected abstract (BatchResult Result, double Norm) Run(TrainingBatch batch, float scale, long dropPathKey);

    /// <summary>Takes a step along the gradients, and clears them.</summary>
    protected abstract void Move(double learningRate, double norm);
}
