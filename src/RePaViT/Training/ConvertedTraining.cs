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
    {
        Architecture target = wanted with
        {
            FeedForwardNorm = wanted.FeedForwardNorm == FeedForwardNorm.None ? FeedForwardNorm.None : FeedForwardNorm.LayerNorm,
            FeedForwardStructure = FeedForwardStructure.ChannelIdle,
        };
        CalibrationSplit images = CalibrationImages.Draw(result.Model, training.Count, training.GetImage, new ConversionOptions().Images);
        return result with { Conversion = Converter.Convert(result.Model, target, images, threads, _ => { }, CancellationToken.None) };
    }
}
