using RePaViT.IO;
using RePaViT.Threading;
using RePaViT.Training;
using RePaViT.Transfer;

namespace RePaViT;

/// <summary>
/// Trains a pretrained model for other classes. The features of all images are computed once; multinomial logistic regression with an
/// L2 penalty on them becomes the head of the network. If there are enough images, the network is then fine-tuned, which is kept if
/// it does better on held-out images.
/// </summary>
public sealed class TransferLearning
{
    private const string FeaturesName = "features.safetensors";
    private const int HashLength = 16;

    private readonly RePaViTModel _model;
    private readonly TransferOptions _options;
    private readonly ThreadTeam _team;
    private readonly ITrainingBackend? _backend;

    /// <param name="model">The pretrained model, in any form; its classes do not matter.</param>
    /// <param name="options">How to learn; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option has a value that is not accepted; the message names it.</exception>
    public TransferLearning(RePaViTModel model, TransferOptions? options = null)
        : this(model, options, backend: null)
    {
    }

    /// <param name="model">The pretrained model; features are computed on its device.</param>
    /// <param name="options">How to go about it.</param>
    /// <param name="backend">The engine for fine-tuning; null for the CPU.</param>
    internal TransferLearning(RePaViTModel model, TransferOptions? options, ITrainingBackend? backend)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new TransferOptions();
        options.Validate();
        (_model, _options, _backend) = (model, options, backend);
        _team = ThreadTeam.Get(options.Threads);
    }

    /// <summary>Learns the classes of a data set.</summary>
    /// <param name="training">The images to learn, of at least two classes.</param>
    /// <param name="validation">
    /// Images of the same classes, used to choose the result if the network is fine-tuned; null to hold out a fifth of the training
    /// images for this. A linear classifier that is kept is then fitted to the held-out images as well.
    /// </param>
    /// <param name="progress">Receives reports; may be null.</param>
    /// <param name="cancellationToken">
    /// Stops it. Before fine-tuning, this throws an exception; during fine-tuning, the result is the best so far. What was
    /// computed for <see cref="TransferOptions.CheckpointFolder"/> is kept.
    /// </param>
    /// <exception cref="ArgumentException">The data set has too few classes or a label that is not accepted.</exception>
    /// <exception cref="NotSupportedException">
    /// Fine-tuning was requested, and the batch or the network is too large for the CPU engine, or the model cannot be trained.
    /// </exception>
    /// <exception cref="InvalidDataException">What <see cref="TransferOptions.CheckpointFolder"/> holds is damaged.</exception>
    /// <exception cref="IOException">
    /// What the folder holds cannot be read, or another run keeps it, which the message names. If it cannot be written later, learning
    /// continues: <see cref="TransferResult.CheckpointFailure"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled before fine-tuning.</exception>
    public TransferResult Fit(
        IImageDataset training,
        IImageDataset? validation = null,
        IProgress<TransferProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(training);
        int[] counts = training.CountLabels();
        if (counts.Count(count => count > 0) < 2)
        {
            throw new ArgumentException("All images are of one class: at least two classes are needed.", nameof(training));
        }

        if (validation is not null && !validation.ClassNames.SequenceEqual(training.ClassNames))
        {
            throw new ArgumentException("The validation data set has class names that differ "
                + "from the training data set's.", nameof(validation));
        }

        FeatureSet features = ComputeFeatures(training, progress, out string? failure, cancellationToken);
        TransferResult result = Learn(training, validation, features, keeps: failure is null, counts, progress, cancellationToken);
        return result with { CheckpointFailure = result.CheckpointFailure ?? failure };
    }

    /// <summary>The same, computing elsewhere.</summary>
    /// <param name="place">Gives the model its engine for computing features.</param>
    /// <param name="backend">The engine for fine-tuning; null for the CPU.</param>
    internal TransferLearning With(Func<RePaViTModel, RePaViTModel> place, ITrainingBackend? backend)
        => new(place(_model), _options, backend);

    /// <param name="training">The images to learn.</param>
    /// <param name="validation">Images to choose by; may be null.</param>
    /// <param name="features">The features of the images to learn.</param>
    /// <param name="keeps">Whether the state of fine-tuning is kept too; not where features could not be.</param>
    /// <param name="counts">Images of each class.</param>
    /// <param name="progress">Gets reports; may be null.</param>
    /// <param name="cancellationToken">Stops it.</param>
    private TransferResult Learn(
        IImageDataset training,
        IImageDataset? validation,
        FeatureSet features,
        bool keeps,
        int[] counts,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (FineTuning.FindObstacle(_options.Method, counts) is string obstacle)
        {
            return FitClassifier(training, features, progress, cancellationToken) with { Reason = obstacle };
        }

        if (validation is not null)
        {
            TransferResult whole = FitClassifier(training, features, progress, cancellationToken);
            return FineTune(whole, training, validation, keeps, progress, cancellationToken);
        }

        (int[] learned, int[] heldOut) = training.SplitIndices(FineTuning.ValidationFraction, _options.Seed);
        TransferResult part = FitClassifier(training, features.Take(learned), progress, cancellationToken);
        TransferResult result = FineTune(
            part, new SubsetImageDataset(training, learned), new SubsetImageDataset(training, heldOut), keeps, progress, cancellationToken);

        // What was held out to choose by is not lost for the classifier.
        return result.Method == TransferMethod.FineTune
            ? result
            : result with { Model = FitClassifier(training, features, progress, CancellationToken.None).Model };
    }

    private FeatureSet ComputeFeatures(
        IImageDataset dataset, IProgress<TransferProgress>? progress, out string? failure, CancellationToken cancellationToken)
    {
        RePaViTModel deployed = _model.Reparameterize();
        string? path = PathOf(FeaturesName);
        string origin = path is null
            ? ""
            : $"{ModelHash.Of(deployed)} {_options.Seed} {RunJson.Stored.Write(_options.Augmentation)}";
        using PathLock? pathLock = path is null ? null : PathLock.Acquire(path);
        var store = new FeatureStore(path, origin, deployed.CreateExtractor().Columns);
        FeatureSet features = new FeatureComputation(deployed, _options.Augmentation, _options.Seed, store).Run(
            dataset,
            _options.ViewsOf(dataset.Count),
            done => Report(progress, TransferStep.Features, (double)done / dataset.Count),
            cancellationToken);
        failure = store.Failure;
        return features;
    }

    private TransferResult FitClassifier(
        IImageDataset dataset, FeatureSet features, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        bool isBalanced = _options.IsBalanced(features.CountLabels());
        (double penalty, Evaluation? heldOut) = _options.Penalty is double given
            ? (given, null)
            : PenaltySearch.Run(
                features, isBalanced, _options.Seed, _team, done => Report(progress, TransferStep.Classifier, done), cancellationToken);
        LinearClassifier classifier = LinearClassifier.Fit(features, penalty, isBalanced, _team, cancellationToken);
        Report(progress, TransferStep.Classifier, 1);
        return new TransferResult
        {
            Model = ClassifierHead.Replace(_model, dataset.ClassNames, classifier),
            Method = TransferMethod.Linear,
            Reason = "",
            Penalty = penalty,
            CrossValidation = heldOut,
        };
    }

    private TransferResult FineTune(
        TransferResult linear,
        IImageDataset training,
        IImageDataset validation,
        bool keeps,
        IProgress<TransferProgress>? progress,
        CancellationToken cancellationToken)
    {
        string? checkpoint = !keeps || _options.CheckpointFolder is null ? null : PathOf($"fine-tuning-{ModelHash.Of(linear.Model)[..HashLength]}.safetensors");
        return new FineTuning(_options, _backend, checkpoint).Run(linear, training, validation, progress, cancellationToken);
    }

    private string? PathOf(string name) => _options.CheckpointFolder is string folder ? Path.Combine(folder, name) : null;

    private static void Report(IProgress<TransferProgress>? progress, TransferStep step, double done)
        => progress?.Report(new TransferProgress { Step = step, Done = done });
}
