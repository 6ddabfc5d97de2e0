namespace RePaViT;

/// <summary>What a training run arrived at.</summary>
public sealed record TrainingResult
{
    /// <summary>
    /// The network in training form, with the averaged weights of the epoch with the best validation or, if none took
    /// place, the last ones; <see cref="Deploy"/> gives what is to be deployed. With <see cref="ChannelIdleMethod.Convert"/>, which is
    /// usual from random weights on, it is the vanilla network.
    /// </summary>
    public required RePaViTModel Model { get; init; }

    /// <summary>
    /// What the model was converted to; null unless that is how its channels become idle (<see cref="ChannelIdleMethod"/>), and where the
    /// conversion itself was cancelled or failed: <see cref="Trainer.Resume"/> or
    /// <see cref="ConversionExtensions.ToChannelIdle(RePaViTModel, IImageDataset, ConversionOptions, IProgress{ConversionProgress}, CancellationToken)"/>
    /// makes up for it.
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

    /// <summary>Whether the run ended because validation no longer became better.</summary>
    public required bool IsStoppedEarly { get; init; }

    /// <summary>
    /// Why the checkpoint could not be written at the end, so that it holds an earlier state or none; null where it is up to
    /// date or was not asked for.
    /// </summary>
    public string? CheckpointFailure { get; init; }

    /// <summary>
    /// What the steps were computed with, first to last: instruction sets of CPUs (avx512, avx2, advsimd, vector128, scalar) or
    /// devices of TorchSharp. More than one if the run was resumed elsewhere: then it does not end with the same bytes as on
    /// one of them, but with nearly the same numbers.
    /// </summary>
    public IReadOnlyList<string> ComputedWith { get; init; } = [];

    /// <summary>The recipe with what was left open as it was chosen; null for a result that no trainer made.</summary>
    public TrainingRecipe? Recipe { get; init; }

    /// <summary>The learning rate of the last step of each finished epoch, as many as <see cref="History"/> has.</summary>
    public IReadOnlyList<double> LearningRates { get; init; } = [];

    /// <summary>How long the run took since it began or was resumed, validation included and the conversion not.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The network to deploy: what the model was converted to, or else the model reparameterized.</summary>
    public RePaViTModel Deploy() => Conversion?.Model ?? Model.Reparameterize();
}
