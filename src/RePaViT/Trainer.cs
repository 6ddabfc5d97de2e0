using RePaViT.IO;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT;

/// <summary>
/// Trains a network on labeled images. A run on the CPU is deterministic: the same data, architecture and recipe give the
/// same bytes on any number of threads, and however often it was interrupted and resumed, on CPUs with the same instruction
/// set (<see cref="TrainingResult.ComputedWith"/>).
/// </summary>
public sealed partial class Trainer
{
    private readonly Architecture _architecture;
    private readonly TrainingRecipe _recipe;
    private readonly TrainerOptions _options;
    private readonly ITrainingBackend _backend;
    private readonly ITeaching? _teaching;

    /// <summary>Creates a trainer that computes on the CPU.</summary>
    /// <param name="architecture">What to train, with at least 2 classes.</param>
    /// <param name="recipe">How to train it; null for the defaults.</param>
    /// <param name="options">Threads and checkpoints; null for all cores and none.</param>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public Trainer(Architecture architecture, TrainingRecipe? recipe = null, TrainerOptions? options = null)
        : this(architecture, recipe ?? new TrainingRecipe(), options, backend: null)
    {
    }

    /// <param name="architecture">What to train.</param>
    /// <param name="recipe">How to train it.</param>
    /// <param name="options">Threads and checkpoints; null for all cores and none.</param>
    /// <param name="backend">What computes; null for the CPU.</param>
    /// <param name="teaching">What teaches in place of classes, of which the network then needs only one; null for classes.</param>
    internal Trainer(
        Architecture architecture, TrainingRecipe recipe, TrainerOptions? options, ITrainingBackend? backend, ITeaching? teaching = null)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(recipe);
        architecture.Validate();
        recipe.Validate();
        if (architecture.Classes < 2 && teaching is null)
        {
            throw new ArgumentException(
                $"{nameof(architecture.Classes)} {architecture.Classes} is not accepted: at least 2 are needed.");
        }

        _architecture = architecture;
        _recipe = recipe;
        if (recipe.ChannelIdleMethod == ChannelIdleMethod.Convert)
        {
            ConvertedTraining.ThrowIfVanilla(architecture);
        }

        _options = options ?? new TrainerOptions();
        _options.Validate();
        _backend = backend ?? new ManagedBackend();
        _teaching = teaching;
    }

    /// <summary>How images are prepared, in training and afterwards. Default: ImageNet's statistics.</summary>
    public ImagePreprocessing Preprocessing { get; init; } = new();

    /// <summary>
    /// Weights in training form to start from, for instance of an earlier run; null to draw them from the recipe's
    /// seed. Default null.
    /// </summary>
    public NamedTensors? InitialWeights { get; init; }

    /// <summary>
    /// A model to continue from, deployed or not; null to start from scratch. Default null. Its architecture must be the
    /// trainer's, apart from the number of classes, or the vanilla form of it (<see cref="ChannelIdleMethod"/>). If its
    /// class names are those of the training data, in the same order, it keeps its head; otherwise a new one is drawn from
    /// the recipe's seed. <see cref="Resume"/> does not need it.
    /// <para>
    /// What the model computes is kept up to rounding to float, even if <see cref="Preprocessing"/> normalizes differently; but if filters
    /// extend over the edges of the image, its mean must not change. A <see cref="TrainingResult.Model"/> is used bit for bit. What
    /// reparameterization merged cannot be separated again: the statistics of batch normalization are estimated again, from up to 256
    /// training images, and the idle channels are different ones with the same product. So the first step differs from the next one that
    /// the original run would have taken.
    /// </para>
    /// </summary>
    public RePaViTModel? InitialModel { get; init; }

    /// <summary>
    /// Labels of every patch of an image, for an <see cref="LVViTArchitecture"/>; null to train only with the labels of the
    /// images. Default null.
    /// </summary>
    public TokenLabels? TokenLabels { get; init; }

    /// <summary>
    /// A teacher, whose scores or features are learned in addition to the labels or instead of them; cannot be combined
    /// with <see cref="TokenLabels"/>. Null for none. Default null.
    /// </summary>
    public Distillation? Distillation { get; init; }

    /// <summary>The owner of the checkpoint, if the caller provides one; null to create it for each run.</summary>
    internal PathLock? CheckpointLock { get; init; }

    /// <summary>Trains from the beginning.</summary>
    /// <param name="training">The images to learn; at least one batch, with the architecture's number of classes.</param>
    /// <param name="validation">
    /// Images to measure the averaged weights on after each epoch, with the same classes; null for none, in which case
    /// the result is that of the last epoch.
    /// </param>
    /// <param name="progress">Receives reports, at most ten per second and one after each epoch; may be null.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress; the result is then the best so far.</param>
    /// <exception cref="ArgumentException">
    /// The data, the architecture, the recipe and the starting point do not match.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// The batch or the network is too large for the CPU engine, or <see cref="InitialModel"/> is deployed with weights
    /// that no reparameterization of its architecture gives, or would see a different mean around its images.
    /// </exception>
    /// <exception cref="TrainingDivergedException">The loss, the gradients or the weights are no longer finite.</exception>
    /// <exception cref="IOException">
    /// The checkpoint cannot be written before the first step, or another run, which the message names, is using it. If it
    /// cannot be written later, training continues: <see cref="TrainingProgress.CheckpointFailure"/>.
    /// </exception>
    public TrainingResult Fit(
        IImageDataset training,
        IImageDataset? validation = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ThrowIfInitialized();
        ArgumentNullException.ThrowIfNull(training);
        using PathLock? checkpointLock = LockCheckpoint();
        ChannelIdleMethod method = ConvertedTraining.Choose(_recipe, _architecture, training.Count, InitialModel, InitialWeights);
        RunDescription run = Describe(method, training, validation);
        using ITeaching? teaching = OpenTeaching(run, training, validation);
        run = teaching?.Describe(run) ?? run;
        return Run(run, StartNetwork(run, training), teaching, start: null, training, validation, progress, cancellationToken);
    }

    /// <summary>
    /// Continues from the last state in <see cref="TrainerOptions.CheckpointPath"/>, and ends with the same weights as
    /// a run that was never interrupted (on a GPU, or on a CPU with another instruction set, nearly the same: see
    /// <see cref="TrainingResult.ComputedWith"/>). A finished run returns its result at once.
    /// </summary>
    /// <param name="training">The same images as before.</param>
    /// <param name="validation">The same images as before.</param>
    /// <param name="progress">As for <see cref="Fit"/>.</param>
    /// <param name="cancellationToken">As for <see cref="Fit"/>.</param>
    /// <exception cref="ArgumentException">
    /// The checkpoint belongs to another architecture, recipe or data set; the message names the first difference.
    /// </exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or the file is not a checkpoint.</exception>
    /// <exception cref="InvalidOperationException">The options name no checkpoint.</exception>
    /// <exception cref="NotSupportedException">The batch or the network is too large for the CPU engine.</exception>
    /// <exception cref="TrainingDivergedException">The loss, the gradients or the weights are no longer finite.</exception>
    /// <exception cref="IOException">The checkpoint cannot be read, or as for <see cref="Fit"/>.</exception>
    public TrainingResult Resume(
        IImageDataset training,
        IImageDataset? validation = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        string path = CheckpointToResume();
        ArgumentNullException.ThrowIfNull(training);
        using PathLock? checkpointLock = LockCheckpoint();
        var checkpoint = Checkpoint.Read(path);
        ChannelIdleMethod method = ConvertedTraining.ChooseAgain(_recipe, _architecture, checkpoint.Run.Recipe);
        RunDescription run = Describe(method, training, validation);
        using ITeaching? teaching = OpenTeaching(run, training, validation);
        run = teaching?.Describe(run) ?? run;
        ThrowUnlessSame(run, checkpoint);

        // The checkpoint replaces all weights.
        return Run(run, run.Model.Architecture.CreateNetwork(_recipe.Seed), teaching, checkpoint, training, validation, progress, cancellationToken);
    }

    /// <summary>The same trainer, computing elsewhere.</summary>
    /// <param name="backend">The engine; null for the CPU.</param>
    internal Trainer With(ITrainingBackend? backend) => new(_architecture, _recipe, _options, backend, _teaching)
    {
        Preprocessing = Preprocessing,
        InitialWeights = InitialWeights,
        InitialModel = InitialModel,
        TokenLabels = TokenLabels,
        Distillation = Distillation,
        CheckpointLock = CheckpointLock,
    };

    private void ThrowIfInitialized()
    {
        if (InitialModel is not null && InitialWeights is not null)
        {
            throw new ArgumentException($"{nameof(InitialModel)} and {nameof(InitialWeights)} are both set: only one of them is accepted.");
        }
    }

    /// <summary>The network with the weights to start from: those that were given, or random ones.</summary>
    private Network StartNetwork(RunDescription run, IImageDataset images)
    {
        NamedTensors? initialWeights = InitialModel is null
            ? InitialWeights
            : Continuation.Weights(InitialModel, run.Model, images, _recipe.Seed, _options.Threads);
        return initialWeights is null
            ? run.Model.Architecture.CreateNetwork(_recipe.Seed)
            : run.Model.Architecture.CreateNetwork(NetworkForm.Trained, initialWeights);
    }

    private string CheckpointToResume() => _options.CheckpointPath
        ?? throw new InvalidOperationException($"{nameof(TrainerOptions.CheckpointPath)} is needed to resume a run.");

    private void ThrowUnlessSame(RunDescription run, Checkpoint checkpoint)
    {
        if (run.DifferenceFrom(checkpoint.Run) is string difference)
        {
            throw new ArgumentException($"The checkpoint '{_options.CheckpointPath}' belongs to another run: {difference}.");
        }
    }

    /// <summary>Locks the checkpoint for this run, unless the caller does.</summary>
    private PathLock? LockCheckpoint()
        => _options.CheckpointPath is string path && CheckpointLock is null ? Checkpoint.Lock(path) : null;

    private ITeaching? OpenTeaching(RunDescription run, IImageDataset training, IImageDataset? validation)
    {
        if (_teaching is not null)
        {
            return _teaching;
        }

        Distillation?.ThrowUnlessUsable(run.Model.Architecture, TokenLabels);
        return Distillation is not null
            ? Distillation.Open(run.Recipe.Seed, training, validates: validation is not null)
            : TokenLabels?.Open(run.Model.Architecture, run.Recipe.Augmentation, training);
    }

    private TrainingResult Run(
        RunDescription run,
        Network network,
        ITeaching? teaching,
        Checkpoint? start,
        IImageDataset training,
        IImageDataset? validation,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        Network whole = network;
        network = teaching?.NetworkOf(whole) ?? whole;
        Objective objective = teaching?.Objective(_architecture.Classes) ?? new CrossEntropy();
        var pipeline = new BatchPipeline(
            training,
            Preprocessing,
            run.Recipe.Augmentation,
            run.Recipe.LabelSmoothing,
            _architecture.ImageSize,
            _architecture.Classes,
            run.BatchSize,
            run.Recipe.Seed,
            teaching?.Targets(network));
        ITrainingEngine ofNetwork = CreateEngine(network, objective, run.Recipe);
        using ITrainingEngine engine = teaching?.Complete(ofNetwork, whole) ?? ofNetwork;
        Restore(engine, start);
        Func<NamedTensors, CancellationToken, Evaluation>? evaluate = validation is null
            ? null
            : teaching?.Evaluate is { } measure
                ? (weights, token) => measure(run.CreateModel(weights, _options.Threads).Reparameterize(), token)
                : (weights, token) => _backend.Evaluate(run.Model, weights, validation, _options.Threads, token);
        var loop = new TrainingLoop(run, start, engine, _backend.ComputesWith, pipeline, evaluate, _options, progress);
        TrainingResult result = loop.Run(cancellationToken);
        return run.Recipe.ChannelIdleMethod == ChannelIdleMethod.Convert
            ? ConvertedTraining.Convert(result, _architecture, training, _options.Threads, loop.Report, cancellationToken)
            : result;
    }

    private void Restore(ITrainingEngine engine, Checkpoint? start)
    {
        if (start is null)
        {
            return;
        }

        try
        {
            engine.SetState(start.Engine);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{_options.CheckpointPath}: the checkpoint is damaged. {exception.Message}", exception);
        }
    }

    private ITrainingEngine CreateEngine(Network network, Objective objective, TrainingRecipe recipe)
        => recipe.TrainedBlocks is int blocks
            ? new LastBlocksEngine(_backend, network, blocks, objective, recipe, _options.Threads)
            : _backend.CreateEngine(network, objective, recipe, _options.Threads);

    private RunDescription Describe(ChannelIdleMethod method, IImageDataset training, IImageDataset? validation)
    {
        ThrowUnlessUsable(training, training.ClassNames, "training");
        if (validation is not null)
        {
            ThrowUnlessUsable(validation, training.ClassNames, "validation");
        }

        bool converts = method == ChannelIdleMethod.Convert;
        if (converts)
        {
            ConversionOptions.ThrowUnlessEnough(training.Count);
        }

        if (TokenLabels is not null && _recipe.TrainedBlocks is not null)
        {
            throw new ArgumentException(
                $"{nameof(TrainingRecipe.TrainedBlocks)} cannot be combined with {nameof(TokenLabels)}: set one of them.");
        }

        var run = new RunDescription
        {
            Model = new ModelDescription
            {
                Architecture = converts ? ConvertedTraining.Vanilla(_architecture) : _architecture,
                Form = NetworkForm.Trained,
                ClassNames = [.. training.ClassNames],
                Preprocessing = Preprocessing,
            },
            Recipe = _recipe.Complete(training.Count) with { ChannelIdleMethod = method },
            TrainingImages = training.Count,
            TrainingHash = training.HashContent(),
            ValidationImages = validation?.Count,
            ValidationHash = validation?.HashContent(),
        };
        run.Validate();
        return run;
    }

    private void ThrowUnlessUsable(IImageDataset dataset, IReadOnlyList<string> classNames, string purpose)
    {
        if (dataset.ClassNames.Count != _architecture.Classes)
        {
            throw new ArgumentException(
                $"The {purpose} data set has {dataset.ClassNames.Count} classes, but the architecture has {_architecture.Classes}.");
        }

        if (!dataset.ClassNames.SequenceEqual(classNames))
        {
            throw new ArgumentException($"The {purpose} data set has class names that differ from the training data set's.");
        }

        dataset.CountLabels();
    }
}
