using RePaViT.IO;
using RePaViT.Threading;
using RePaViT.Training;
using RePaViT.Transfer;

namespace RePaViT;

/// <summary>
/// Teaches a pretrained model other classes, from a few images of each. The features of all images are computed once; multinomial
/// logistic regression with an L2 penalty on them becomes the head of the network.
/// </summary>
public sealed class TransferLearning
{
    private const string FeaturesName = "features.safetensors";

    private readonly RePaViTModel _model;
    private readonly TransferOptions _options;
    private readonly ThreadTeam _team;

    /// <param name="model">The pretrained model, in any form; its classes do not matter.</param>
    /// <param name="options">How to go about it; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option has a value that is not accepted; the message names it.</exception>
    public TransferLearning(RePaViTModel model, TransferOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new TransferOptions();
        options.Validate();
        (_model, _options) = (model, options);
        _team = ThreadTeam.Get(options.Threads);
    }

    /// <summary>Learns the classes of a data set.</summary>
    /// <param name="training">The images to learn; at least two classes have one.</param>
    /// <param name="progress">Gets reports; may be null.</param>
    /// <param name="cancellationToken">Stops it; what was computed for <see cref="TransferOptions.CheckpointFolder"/> is kept.</param>
    /// <exception cref="ArgumentException">The data set has too few classes or a label that is not accepted.</exception>
    /// <exception cref="InvalidDataException">What <see cref="TransferOptions.CheckpointFolder"/> holds is damaged.</exception>
    /// <exception cref="IOException">The folder cannot be read or written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public TransferResult Fit(
        IImageDataset training, IProgress<TransferProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(training);
        int[] counts = training.CountLabels();
        if (counts.Count(count => count > 0) < 2)
        {
            throw new ArgumentException("All images are of one class: at least two classes are needed.", nameof(training));
        }

        FeatureSet features = ComputeFeatures(training, progress, cancellationToken);
        LinearClassifier classifier = FitClassifier(features, progress, out double penalty, out Evaluation? heldOut, cancellationToken);
        return new TransferResult
        {
            Model = ClassifierHead.Replace(_model, training.ClassNames, classifier),
            Method = TransferMethod.Linear,
            Reason = "The linear classifier was asked for.",
            Penalty = penalty,
            CrossValidation = heldOut,
        };
    }

    private FeatureSet ComputeFeatures(
        IImageDataset dataset, IProgress<TransferProgress>? progress, CancellationToken cancellationToken)
    {
        RePaViTModel deployed = _model.Reparameterize();
        string? path = _options.CheckpointFolder is string folder ? Path.Combine(folder, FeaturesName) : null;
        string origin = path is null
            ? ""
            : $"{ModelHash.Of(deployed)} {_options.Seed} {RunJson.Stored.Write(_options.Augmentation)}";
        using PathLock? pathLock = path is null ? null : PathLock.Acquire(path);
        var store = new FeatureStore(path, origin, deployed.CreateExtractor().Columns);
        return new FeatureComputation(deployed, _options.Augmentation, _options.Seed, store).Run(
            dataset,
            _options.ViewsOf(dataset.Count),
            done => Report(progress, TransferStep.Features, (double)done / dataset.Count),
            cancellationToken);
    }

    private LinearClassifier FitClassifier(
        FeatureSet features, IProgress<TransferProgress>? progress, out double penalty, out Evaluation? heldOut, CancellationToken cancellationToken)
    {
        bool isBalanced = _options.IsBalanced(features.CountLabels());
        (penalty, heldOut) = _options.Penalty is double given
            ? (given, null)
            : PenaltySearch.Run(
                features, isBalanced, _options.Seed, _team, done => Report(progress, TransferStep.Classifier, done), cancellationToken);
        LinearClassifier classifier = LinearClassifier.Fit(features, penalty, isBalanced, _team, cancellationToken);
        Report(progress, TransferStep.Classifier, 1);
        return classifier;
    }

    private static void Report(IProgress<TransferProgress>? progress, TransferStep step, double done)
        => progress?.Report(new TransferProgress { Step = step, Done = done });
}
