using RePaViT.Conversion;

namespace RePaViT;

/// <summary>Conversion of trained vanilla networks.</summary>
public static class ConversionExtensions
{
    // Idle ratios of a search are multiples of this share.
    private const int Steps = 20;

    /// <summary>
    /// Makes a vanilla network channel-idle without training: in every block some hidden channels stay active, and all others
    /// become one matrix. Both are chosen so that the network's output on unlabeled images, of the kind that it is for, changes
    /// as little as possible. Takes seconds to minutes. The result is the same on any number of threads.
    /// </summary>
    /// <param name="model">A model with vanilla feed-forward layers; it stays as it is.</param>
    /// <param name="calibrationImages">At least 5 images, preferably a few hundred. Labels are ignored.</param>
    /// <param name="options">How many channels stay active, and the form; null for the defaults.</param>
    /// <param name="progress">Receives a value after each block.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>A model in deployed form, which can be trained further, and how close it is to the original.</returns>
    /// <remarks>
    /// Closed-form compensation for what is removed from a network is known (CORP, arXiv 2602.05243; GRAIL, arXiv 2602.23795;
    /// ReplaceMe, arXiv 2505.02819). Here what is removed is the activation of channels, and what compensates for it is merged
    /// as in RePaViT (arXiv 2505.21847), so that it costs nothing.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The network is channel-idle already, there are too few images, or an option is not accepted, or not for this network.
    /// </exception>
    /// <exception cref="InvalidOperationException">The network computes values that are not finite numbers.</exception>
    /// <exception cref="IOException">Temporary values, which large networks need, cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ConversionResult ToChannelIdle(
        this RePaViTModel model, IImageDataset calibrationImages, ConversionOptions? options = null,
        IProgress<ConversionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(calibrationImages);
        return Convert(model, calibrationImages.Count, calibrationImages.GetImage, options, progress, cancellationToken);
    }

    /// <inheritdoc cref="ToChannelIdle(RePaViTModel, IImageDataset, ConversionOptions, IProgress{ConversionProgress}, CancellationToken)"/>
    public static ConversionResult ToChannelIdle(
        this RePaViTModel model, IReadOnlyList<RgbImage> calibrationImages, ConversionOptions? options = null,
        IProgress<ConversionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(calibrationImages);
        return Convert(model, calibrationImages.Count, index => calibrationImages[index], options, progress, cancellationToken);
    }

    private static ConversionResult Convert(
        RePaViTModel model, int count, Func<int, RgbImage> image, ConversionOptions? options, IProgress<ConversionProgress>? progress,
        CancellationToken cancellationToken)
    {
        options ??= new ConversionOptions();
        options.Validate();
        if (!model.Architecture.IsVanilla)
        {
            throw new ArgumentException("The network is channel-idle already: only a vanilla one can be converted.", nameof(model));
        }

        options.ThrowUnlessMeasurable(model);
        CalibrationSplit images = CalibrationImages.Draw(model, count, image, options.Images);
        int trials = 0;
        if (options.ChosenIdleRatio is double ratio)
        {
            return Try(WithRatio(ratio));
        }

        if (options.MinimumAgreement is double minimum)
        {
            return Search(report => report.HeldOutAgreement >= minimum);
        }

        if (options.MinimumCosine is double cosine)
        {
            return Search(report => report.HeldOutCosine >= cosine);
        }

        long budget = options.MultiplyAdds ?? (long)(options.MultiplyAddsShare!.Value * model.Cost.MultiplyAdds);
        IntegerList active = ChannelBudget.Spread(model, WithRatio(1), budget, images.Fitted, options.Threads, cancellationToken);
        return Try(WithRatio(null) with { ActiveChannels = active });

        Architecture WithRatio(double? idleRatio) => model.Architecture with
        {
            IdleRatio = idleRatio,
            FeedForwardNorm = options.KeepNormalization ? FeedForwardNorm.LayerNorm : FeedForwardNorm.BatchNorm,
        };

        // The largest ratio that is accepted. Without idle channels the network is the original.
        ConversionResult Search(Func<ConversionReport, bool> isAccepted)
        {
            (int accepted, int refused) = (0, Steps + 1);
            ConversionResult? best = null;
            while (refused - accepted > 1)
            {
                int middle = (accepted + refused) / 2;
                ConversionResult result = Try(WithRatio((double)middle / Steps));
                if (isAccepted(result.Report))
                {
                    (accepted, best) = (middle, result);
                }
                else
                {
                    refused = middle;
                }
            }

            return best ?? Try(WithRatio(0));
        }

        ConversionResult Try(Architecture architecture)
        {
            int trial = ++trials;
            int blocks = architecture.BlockCount;
            return Converter.Convert(
                model, architecture, images, options.Threads, block => progress?.Report(new ConversionProgress(trial, block, blocks)), cancellationToken);
        }
    }
}
