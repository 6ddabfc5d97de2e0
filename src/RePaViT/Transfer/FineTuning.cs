using System.Globalization;
using RePaViT.Training;

namespace RePaViT.Transfer;

/// <summary>Trains a network from a linear classifier on, and keeps what does better on images that were held out.</summary>
/// <param name="options">The recipe, the seed, and the number of threads.</param>
/// <param name="backend">What trains; null for the CPU.</param>
/// <param name="checkpoint">The file that keeps the state; null for none.</param>
internal sealed class FineTuning(TransferOptions options, ITrainingBackend? backend, string? checkpoint)
{
    /// <summary>The share of each class that is held out to choose by, where there is no validation set.</summary>
    public const double ValidationFraction = 0.2;

    // With fewer, the few images that can be held out do not show what fine-tuning gains.
    private const int FewestImages = 200;
    private const int FewestPerClass = 20;

    private const double LayerDecay = 0.75;
    private const int Steps = 1000;
    private const int FewestEpochs = 10;
    private const int MostEpochs = 60;
    private const int Patience = 10;

    /// <summary>Why it is not to be tried; null if it is.</summary>
    /// <param name="method">What was requested.</param>
    /// <param name="counts">Images of each class.</param>
    public static string? FindObstacle(TransferMethod method, int[] counts)
    {
        if (method == TransferMethod.Linear)
        {
            return "The linear classifier was requested.";
        }

        int images = counts.Sum();
        int perClass = images / counts.Count(count => count > 0);
        return method == TransferMethod.Auto && (images < FewestImages || perClass < FewestPerClass)
            ? Text($"{images} images, {perClass} for each class, are too few to fine-tune: {FewestImages} and {FewestPerClass} are needed.")
            : null;
    }

    /// <summary>The recipe for a number of training images, where none is given.</summary>
    public static TrainingRecipe RecipeFor(int images)
    {
        TrainingRecipe recipe = TrainingRecipe.FineTune;
        int batchSize = Math.Clamp(images, 2, recipe.BatchSize!.Value);
        return recipe with
        {
            BatchSize = batchSize,
            Epochs = Math.Clamp(Steps / Math.Max(images / batchSize, 1), FewestEpochs, MostEpochs),
            LayerDecay = LayerDecay,
            EarlyStopping = new EarlyStopping(Patience),
        };
    }

    /// <summary>Trains and compares.</summary>
    /// <param name="linear">The classifier to start from.</param>
    /// <param name="training">The images that it was fitted to.</param>
    /// <param name="validation">Others of the same classes.</param>
    /// <param name="progress">Gets reports; may be null.</param>
    /// <param name="cancellationToken">Ends training; what is best so far is compared.</param>
    /// <returns>The better of the two, and why.</returns>
    public TransferResult Run(
        TransferResult linear,
        IImageDataset training,
        IImageDataset validation,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        RePaViTModel classifier = linear.Model.Reparameterize();
        bool[] classifierIsRight = new bool[validation.Count];
        linear = linear with
        {
            LinearValidation = classifier.Evaluate(validation, (image, isRight) => classifierIsRight[image] = isRight, cancellationToken),
        };
        TrainingResult result;
        try
        {
            result = Train(linear.Model, training, validation, progress, cancellationToken);
        }
        catch (TrainingDivergedException exception)
        {
            return linear with { Reason = $"The linear classifier, because fine-tuning diverged. {exception.Message}" };
        }
        catch (NotSupportedException exception) when (options.Method == TransferMethod.Auto)
        {
            return linear with { Reason = $"The linear classifier, because this network cannot be trained. {exception.Message}" };
        }

        linear = linear with
        {
            IsCancelled = result.IsCancelled, FineTunedValidation = result.Best?.Validation, CheckpointFailure = result.CheckpointFailure,
        };
        if (linear.FineTunedValidation is not Evaluation tuned)
        {
            return linear with { Reason = "The linear classifier, because fine-tuning was cancelled in its first epoch." };
        }

        // Where the pretrained model computes, which need not be where it was trained.
        RePaViTModel model = linear.Model.With(result.Model.Description, result.Model.Network);
        string figures = Text(
            $"{Percent(tuned)} of {tuned.Images} images right, against {Percent(linear.LinearValidation)} for the linear classifier.");
        bool[] tunedIsRight = new bool[validation.Count];
        model.Reparameterize().Evaluate(validation, (image, isRight) => tunedIsRight[image] = isRight, CancellationToken.None);
        return IsBetter(tunedIsRight, classifierIsRight)
            ? linear with { Model = model, Method = TransferMethod.FineTune, Reason = $"Fine-tuned, it gets {figures}" }
            : linear with { Reason = $"The linear classifier, because fine-tuning gains no more than chance would: it gets {figures}" };
    }

    /// <summary>
    /// Whether one answers more images right than another, by more than chance explains: of the images that one of them alone has
    /// right, the difference is over one standard deviation of as many tosses of a coin (as in McNemar's test).
    /// </summary>
    public static bool IsBetter(bool[] candidate, bool[] other)
    {
        int gained = candidate.Zip(other).Count(pair => pair is (true, false));
        int lost = candidate.Zip(other).Count(pair => pair is (false, true));
        return gained - lost > Math.Sqrt(gained + lost);
    }

    private TrainingResult Train(
        RePaViTModel start,
        IImageDataset training,
        IImageDataset validation,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        // The network stays what the classifier was fitted to.
        TrainingRecipe recipe = (options.Recipe ?? RecipeFor(training.Count)) with
        {
            Seed = options.Seed, ChannelIdleMethod = ChannelIdleMethod.Train,
        };
        var trainer = new Trainer(
            start.Architecture, recipe, new TrainerOptions { CheckpointPath = checkpoint, Threads = options.Threads }, backend)
        {
            Preprocessing = start.Preprocessing,
            InitialModel = start,
        };
        IProgress<TrainingProgress>? report = progress is null ? null : new Forwarding(progress);
        if (File.Exists(checkpoint))
        {
            try
            {
                return trainer.Resume(training, validation, report, cancellationToken);
            }
            catch (ArgumentException)
            {
                // It belongs to a run with other images or options, and is replaced. Any other reason for refusal comes up again.
            }
        }

        return trainer.Fit(training, validation, report, cancellationToken);
    }

    private static string Percent(Evaluation evaluation) => Text($"{100 * evaluation.Accuracy:F1} %");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private sealed class Forwarding(IProgress<TransferProgress> progress) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => progress.Report(
            new TransferProgress { Step = TransferStep.FineTuning, Done = (double)value.Step / value.Steps, Training = value });
    }
}
