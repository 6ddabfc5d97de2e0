namespace RePaViT;

/// <summary>The result of a training run.</summary>
public sealed record TrainingResult
{
    /// <summary>
    /// The network in training form, with the averaged weights of the epoch with the best validation or, if there was no validation,
    /// the last ones; <see cref="Deploy"/> gives the network to deploy. With <see cref="ChannelIdleMethod.Convert"/>, which is the
    /// default for random weights, it is the vanilla network.
    /// </summary>
    public required RePaViTModel Model { get; init; }

    /// <summary>
    /// What the model was converted to; null unless its channels become idle by conversion (<see cref="ChannelIdleMethod"/>), and null if
    /// the conversion itself was cancelled: <see cref="Trainer.Resume"/> or
    /// <see cref="ConversionExtensions.ToChannelIdle(RePaViTModel, IImageDataset, ConversionOptions, IProgress{ConversionProgress}, CancellationToken)"/>
    /// then does it later.
    /// </summary>
    public ConversionResult? Conversion { get; init; }

    /// <summary>
    /// Why a conversion that was to follow failed: images could not be read, or the folder for temporary files has no room. Null otherwise.
    /// </summary>
    public string? ConversionFailure { get; init; }

    /// <summary>The epochs that were finished, first to last.</summary>
    public required IReadOnlyList<EpochSummary> History { get; init; }

    /// <summary>The epoch whose weights the model has; null if no validation took place.</summary>
    public required EpochSummary? Best { get; init; }

    /// <summary>Whether the run was cancelled before its end, the conversion included.</summary>
    public required bool IsCancelled { get; init; }

    /// <summary>Whether the run ended because validation stopped improving.</summary>
    public required bool IsStoppedEarly { get; init; }

    /// <summary>
    /// Why the checkpoint could not be written at the end, so that it holds an earlier state or none; null if it is up to
    /// date or was not requested.
    /// </summary>
    public string? CheckpointFailure { get; init; }

    /// <summary>
    /// What the steps were computed with, first to last: instruction sets of CPUs (avx512, avx2, advsimd, vector128, scalar) or
    /// devices of TorchSharp. More than one if the run was resumed elsewhere: then its weights are nearly, but not exactly,
    /// those that one of them alone gives.
    /// </summary>
    public IReadOnlyList<string> ComputedWith { get; init; } = [];

    /// <summary>The recipe, with the values chosen for what it left open; null for a result that no trainer made.</summary>
    public TrainingRecipe? Recipe { get; init; }

    /// <summary>The learning rate of the last step of each finished epoch, as many as <see cref="History"/> has.</summary>
    public IReadOnlyList<double> LearningRates { get; init; } = [];

    /// <summary>How long the run took since it began or was resumed, including validation but not the conversion.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The network to deploy: what the model was converted to, or else the model reparameterized.</summary>
    public RePaViTModel Deploy() => Conversion?.Model ?? Model.Reparameterize();
}
