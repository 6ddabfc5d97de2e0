namespace RePaViT.Training.Contrastive;

/// <summary>A training engine that can compute what a network gives in training before anything is known of its gradient.</summary>
internal interface IForwardEngine : ITrainingEngine
{
    /// <summary>
    /// Runs a batch forward in training mode, exactly as <see cref="ITrainingEngine.Accumulate"/> does. Nothing changes: batch normalization
    /// takes the statistics of the batch and leaves its running ones as they are.
    /// </summary>
    /// <param name="batch">Images; targets are not looked at.</param>
    /// <param name="dropPathKey">Names the random choice of dropped paths.</param>
    /// <param name="outputs">Gets what the network gives, [images, values].</param>
    void Forward(TrainingBatch batch, long dropPathKey, Span<float> outputs);
}
