namespace RePaViT.Reports;

/// <summary>What a report is made of, besides images.</summary>
/// <param name="Trained">The model as it was trained, wherever it computes.</param>
/// <param name="Deployed">The model that is deployed, at temperature 1.</param>
internal sealed record ReportSource(RePaViTModel Trained, RePaViTModel Deployed)
{
    public IReadOnlyList<EpochSummary> History { get; init; } = [];

    /// <summary>The learning rate of each epoch, as far as it is known.</summary>
    public IReadOnlyList<double> LearningRates { get; init; } = [];

    public int? BestEpoch { get; init; }

    public ConversionReport? Conversion { get; init; }

    public TrainingRecipe? Recipe { get; init; }

    public IReadOnlyList<string> ComputedWith { get; init; } = [];

    public TimeSpan? Elapsed { get; init; }

    /// <summary>Remarks on how the model was made.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    public static ReportSource Of(TrainingResult result) => new(result.Model, result.Deploy())
    {
        History = result.History,
        LearningRates = result.LearningRates,
        BestEpoch = result.Best?.Epoch,
        Conversion = result.Conversion?.Report,
        Recipe = result.Recipe,
        ComputedWith = result.ComputedWith,
        Elapsed = result.Elapsed == TimeSpan.Zero ? null : result.Elapsed,
    };

    public IReadOnlyList<ReportEpoch> Epochs() =>
    [
        .. History.Select((epoch, index) => new ReportEpoch(
            epoch.Epoch,
            index < LearningRates.Count ? LearningRates[index] : null,
            epoch.TrainingLoss,
            epoch.TrainingAccuracy,
            epoch.Validation?.Loss,
            epoch.Validation?.Accuracy)),
    ];
}
