namespace RePaViT.Training;

/// <summary>
/// What computes a training step, on one kind of device: it holds the weights, their averages and the optimizer's
/// moments. The loop around it is the same for all.
/// </summary>
internal interface ITrainingEngine : IDisposable
{
    /// <summary>
    /// Runs a batch forward and backward in training mode and adds its gradients, times <paramref name="scale"/>, to
    /// those since the last <see cref="Update"/>. Batch normalization moves its running statistics.
    /// </summary>
    /// <param name="batch">Images and targets.</param>
    /// <param name="scale">The share of this batch in the step: 1 without gradient accumulation.</param>
    /// <param name="dropPathKey">Names the random choice of dropped paths; each batch of a run has another.</param>
    /// <returns>Mean loss of the batch, and how many images have their greatest logit at their greatest target.</returns>
    BatchResult Accumulate(TrainingBatch batch, float scale, long dropPathKey);

    /// <summary>
    /// Clips the gathered gradients, lets the optimizer take one step, moves the averaged weights and clears the gradients.
    /// </summary>
    /// <param name="learningRate">The learning rate of this step.</param>
    /// <returns>The global norm of the gradients before clipping.</returns>
    double Update(double learningRate);

    /// <summary>The weights in training form with running statistics, under the reference's names.</summary>
    /// <param name="averaged">Whether to take their exponential moving average; the same where none is kept.</param>
    NamedTensors GetWeights(bool averaged);

    /// <summary>Everything that the next step depends on: weights, averages, moments, number of steps taken.</summary>
    NamedTensors GetState();

    /// <summary>Goes back to a state that <see cref="GetState"/> gave.</summary>
    /// <exception cref="ArgumentException">The state is not that of an engine for this network and recipe.</exception>
    void SetState(NamedTensors state);
}

/// <summary>What a batch gave.</summary>
internal readonly record struct BatchResult(double Loss, int Correct);
