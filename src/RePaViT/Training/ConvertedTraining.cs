using RePaViT.Conversion;

namespace RePaViT.Training;

/// <summary>Runs that train the vanilla network and convert it at the end.</summary>
internal static class ConvertedTraining
{
    /// <summary>How the channels of a network become idle that is trained from here on: never <see cref="ChannelIdleMethod.Auto"/>.</summary>
    /// <param name="recipe">What the user says.</param>
    /// <param name="wanted">What is to be deployed.</param>
    /// <param name="images">Number of training images.</param>
    /// <param name="initialModel">Where training continues; null for none.</param>
    /// <param name="initialWeights">Weights with which it continues; null for none.</param>
    public static ChannelIdleMethod Choose(
        TrainingRecipe recipe, Architecture wanted, int images, RePaViTModel? initialModel, NamedTensors? initialWeights)
    {
        if (recipe.ChannelIdleMethod != ChannelIdleMethod.Auto)
        {
            return recipe.ChannelIdleMethod;
        }

        if (wanted.IsVanilla || wanted.FeedForwardStructure != FeedForwardStructure.ChannelIdle)
        {
            return ChannelIdleMethod.Train;
        }

        // A vanilla model becomes channel-idle in no other way: too few images are refused then.
        bool converts = initialModel?.Architecture.IsVanilla
            ?? (images >= ConversionOptions.MinImages && (initialWeights is null || IsVanillaOf(wanted, initialWeights)));
        return converts ? ChannelIdleMethod.Convert : ChannelIdleMethod.Train;
    }

    /// <summary>The same where a run is resumed.</summary>
    /// <param name="recipe">What the user says.</param>
    /// <param name="wanted">What is to be deployed.</param>
    /// <param name="begun">The recipe of the run.</param>
    public static ChannelIdleMethod ChooseAgain(TrainingRecipe recipe, Architecture wanted, TrainingRecipe begun) => recipe.ChannelIdleMethod switch
    {
        ChannelIdleMethod.Auto when wanted.IsVanilla => ChannelIdleMethod.Train,
        ChannelIdleMethod.Auto => begun.ChannelIdleMethod,
        ChannelIdleMethod method => method,
    };

    /// <exception cref="ArgumentException">An architecture has no idle channels.</exception>
    public static void ThrowIfVanilla(Architecture wanted)
    {
        if (wanted.IsVanilla)
        {
            throw new ArgumentException(
                $"{nameof(ChannelIdleMethod)} {ChannelIdleMethod.Convert} needs {nameof(Architecture.IdleRatio)} or {nameof(Architecture.ActiveChannels)}: "
                + "a vanilla network is not converted.");
        }
    }

    /// <summary>What is trained for a network to be converted to.</summary>
    public static Architecture Vanilla(Architecture wanted) => wanted with
    {
        IdleRatio = null,
        ActiveChannels = null,
        IdleHeuristic = IdleHeuristic.Static,
        FeedForwardNorm = FeedForwardNorm.BatchNorm,
        FeedForwardStructure = FeedForwardStructure.ChannelIdle,
    };

    /// <summary>
    /// Adds what the model of a run is converted to, unless that is cancelled. A run that was cancelled in training is converted to the end:
    /// what it gives is to be of the kind that was requested.
    /// </summary>
    /// <param name="result">What the run arrived at.</param>
    /// <param name="wanted">What is to become of it.</param>
    /// <param name="training">The training images.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <param name="progress">Called after each block.</param>
    /// <param name="cancellationToken">Stops it, if it did not stop training.</param>
    public static TrainingResult Convert(
        TrainingResult result, Architecture wanted, IImageDataset training, int? threads, Action<ConversionProgress> progress,
        CancellationToken cancellationToken)
    {
        try
        {
            return result with
            {
                Conversion = Convert(
                    result.Model, wanted, training, threads, progress, result.IsCancelled ? CancellationToken.None : cancellationToken),
            };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return result with { IsCancelled = true };
        }
        catch (IOException exception)
        {
            // What was learned stays, and can be converted another time.
            return result with { ConversionFailure = exception.Message };
        }
    }

    /// <summary>What a vanilla model is converted to.</summary>
    /// <param name="model">The model.</param>
    /// <param name="wanted">What is to become of it.</param>
    /// <param name="training">The training images.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <param name="progress">Called after each block.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static ConversionResult Convert(
        RePaViTModel model, Architecture wanted, IImageDataset training, int? threads, Action<ConversionProgress> progress,
        CancellationToken cancellationToken)
    {
        ConversionOptions.ThrowUnlessEnough(training.Count);
        Architecture target = wanted with
        {
            FeedForwardNorm = wanted.FeedForwardNorm == FeedForwardNorm.None ? FeedForwardNorm.None : FeedForwardNorm.LayerNorm,
            FeedForwardStructure = FeedForwardStructure.ChannelIdle,
        };
        CalibrationSplit images = CalibrationImages.Draw(model, training.Count, training.GetImage, new ConversionOptions().Images);
        int blocks = target.BlockCount;
        return Converter.Convert(
            model, target, images, threads, block => progress(new ConversionProgress(Trial: 1, block, blocks)), cancellationToken);
    }

    private static bool IsVanillaOf(Architecture wanted, NamedTensors weights) => Vanilla(wanted).Layers(NetworkForm.Trained)
        .SelectMany(layer => layer.Tensors).Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal)
        .SetEquals(weights.Select(pair => pair.Key));
}
