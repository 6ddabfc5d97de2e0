namespace RePaViT.Training;

/// <summary>Trains a part of a model; the other tensors of the model stay as they are.</summary>
/// <param name="part">Trains the part.</param>
/// <param name="others">The others.</param>
internal sealed class PartEngine(ITrainingEngine part, FixedTensors others) : ITrainingEngine
{
    private FixedTensors _others = others;

    /// <inheritdoc/>
    public BatchResult Accumulate(TrainingBatch batch, float scale, long dropPathKey) => part.Accumulate(batch, scale, dropPathKey);

    /// <inheritdoc/>
    public double Update(double learningRate) => part.Update(learningRate);

    /// <inheritdoc/>
    public NamedTensors GetWeights(bool averaged) => _others.FollowedBy(part.GetWeights(averaged));

    /// <inheritdoc/>
    public NamedTensors GetState() => _others.FollowedBy(part.GetState());

    /// <inheritdoc/>
    public void SetState(NamedTensors state)
    {
        FixedTensors stored = _others.ReadFrom(state);
        part.SetState(state);
        _others = stored;
    }

    /// <inheritdoc/>
    public void Dispose() => part.Dispose();
}
