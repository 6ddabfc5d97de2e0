namespace RePaViT.MLNet.Training;

/// <summary>Keeps what the epochs of a run ended with, for runs whose result does not tell.</summary>
/// <param name="next">Gets all reports too.</param>
internal sealed class EpochRecord(IProgress<TrainingProgress> next) : IProgress<TrainingProgress>
{
    private readonly List<EpochSummary> _history = [];
    private readonly List<double> _learningRates = [];

    public IReadOnlyList<EpochSummary> History => _history;

    /// <summary>The learning rate of each epoch's last step.</summary>
    public IReadOnlyList<double> LearningRates => _learningRates;

    public IReadOnlyList<string> ComputedWith { get; private set; } = [];

    public void Report(TrainingProgress value)
    {
        if (value.FinishedEpoch is EpochSummary epoch)
        {
            _history.Add(epoch);
            _learningRates.Add(value.LearningRate);
            ComputedWith = value.ComputedWith;
        }

        next.Report(value);
    }
}
