using RePaViT.Conversion;

namespace RePaViT.Training;

/// <summary>Runs that train the vanilla network and convert it at the end.</summary>
internal static class ConvertedTraining
{
    /// <summary>What is trained for a network to be converted to.</summary>
    /// <exception cref="ArgumentException">It has no idle channels.</exception>
    public static Architecture Vanilla(Architecture wanted) => wanted.IsVanilla
        ? throw new ArgumentException(
            $"{nameof(ChannelIdleMethod)} {ChannelIdleMethod.Convert} needs {nameof(Architecture.IdleRatio)} or {nameof(Architecture.ActiveChannels)}: "
            + "a vanilla network is not converted.")
        : wanted with
        {
            IdleRatio = null,
            ActiveChannels = null,
            IdleHeuristic = IdleHeuristic.Static,
            FeedForwardNorm = FeedForwardNorm.BatchNorm,
            FeedForwardStructure = FeedForwardStructure.ChannelIdle,
        };

    /// <summary>Adds what the model of a run is converted to, even if the run was cancelled.</summary>
    /// <param name="result">What the run arrived at.</param>
    /// <param name="wanted">What is to become of it.</param>
    /// <param name="training">The training images.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    public static TrainingResult Convert(TrainingResult result, Architecture wanted, IImageDataset training, int? threads)
        => result with { Conversion = Convert(result.Model, wanted, training, threads, CancellationToken.None) };

    /// <summary>What a vanilla model is converted to.</summary>
    /// <param name="model">The model.</param>
    /// <param name="wanted">What is to become of it.</param>
    /// <param name="training">The training images.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static ConversionResult Convert(
        RePaViTModel model, Architecture wanted, IImageDataset training, int? threads, CancellationToken cancellationToken)
    {
        ConversionOptions.ThrowUnlessEnough(training.Count);
        Architecture target = wanted with
        {
            FeedForwardNorm = wanted.FeedForwardNorm == FeedForwardNorm.None ? FeedForwardNorm.None : FeedForwardNorm.LayerNorm,
            FeedForwardStructure = FeedForwardStructure.ChannelIdle,
        };
        CalibrationSplit images = CalibrationImages.Draw(model, training.Count, training.GetImage, new ConversionOptions().Images);
        return Converter.Convert(model, target, images, threads, _ => { }, cancellationToken);
    }
}
