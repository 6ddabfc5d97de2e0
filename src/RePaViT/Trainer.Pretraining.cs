using RePaViT.IO;
using RePaViT.Networks;
using RePaViT.Training;
using RePaViT.Training.Pretraining;

namespace RePaViT;

public sealed partial class Trainer
{
    /// <summary>
    /// Trains the network on images without labels (DINO, arXiv 2104.14294). The result's model has features worth to be classified, but
    /// no classes: make it the <see cref="InitialModel"/> of a trainer for the labeled images, or of
    /// <see cref="TransferLearning"/>; or compare what <see cref="RePaViTModel.CreateExtractor"/> makes of images.
    /// <para>
    /// Of the recipe, the optimizer with its constants, <see cref="TrainingRecipe.GradientAccumulation"/>,
    /// <see cref="TrainingRecipe.ChannelIdleMethod"/> and the seed apply; what else there is to choose, <paramref name="options"/> says. If
    /// channels become idle by conversion, the vanilla network is pretrained, and training with labels ends with the conversion.
    /// </para>
    /// </summary>
    /// <param name="images">The images; labels and classes are not looked at.</param>
    /// <param name="options">How to learn from them; null for the defaults.</param>
    /// <param name="progress">
    /// As for <see cref="Fit"/>. The loss falls from the logarithm of the number of prototypes; what counts as right is where student and
    /// teacher choose the same prototype for two crops of an image.
    /// </param>
    /// <param name="cancellationToken">As for <see cref="Fit"/>.</param>
    /// <returns>The teacher after the last epoch, in training form, with one class.</returns>
    /// <exception cref="ArgumentException">The images, the architecture, the recipe and the options do not match.</exception>
    /// <exception cref="NotSupportedException">As for <see cref="Fit"/>.</exception>
    /// <exception cref="TrainingDivergedException">The loss, the gradients or the weights are no longer finite.</exception>
    /// <exception cref="IOException">As for <see cref="Fit"/>.</exception>
    public TrainingResult Pretrain(
        IImageDataset images,
        SelfDistillation? options = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ThrowIfInitialized();
        using PathLock? checkpointLock = LockCheckpoint();
        ChannelIdleMethod method = ConvertedTraining.Choose(_recipe, _architecture, images.Count, InitialModel, InitialWeights);
        RunDescription run = Describe(method, images, options ?? new SelfDistillation());
        return RunPretraining(run, StartNetwork(run, images), start: null, images, progress, cancellationToken);
    }

    /// <summary>
    /// Continues <see cref="Pretrain"/> from the last state in <see cref="TrainerOptions.CheckpointPath"/>, as <see cref="Resume"/>
    /// continues training with labels.
    /// </summary>
    /// <param name="images">The same images as before.</param>
    /// <param name="options">The same as before.</param>
    /// <param name="progress">As for <see cref="Pretrain"/>.</param>
    /// <param name="cancellationToken">As for <see cref="Fit"/>.</param>
    /// <exception cref="ArgumentException">
    /// The checkpoint belongs to another architecture, recipe or data set, to other options, or to training with labels; the message names
    /// the first difference.
    /// </exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or the file is not a checkpoint.</exception>
    /// <exception cref="InvalidOperationException">The options name no checkpoint.</exception>
    /// <exception cref="NotSupportedException">As for <see cref="Fit"/>.</exception>
    /// <exception cref="TrainingDivergedException">The loss, the gradients or the weights are no longer finite.</exception>
    /// <exception cref="IOException">The checkpoint cannot be read, or as for <see cref="Fit"/>.</exception>
    public TrainingResult ResumePretraining(
        IImageDataset images,
        SelfDistillation? options = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        string path = CheckpointToResume();
        using PathLock? checkpointLock = LockCheckpoint();
        var checkpoint = Checkpoint.Read(path);
        ChannelIdleMethod method = ConvertedTraining.ChooseAgain(_recipe, _architecture, checkpoint.Run.Recipe);
        RunDescription run = Describe(method, images, options ?? new SelfDistillation());
        ThrowUnlessSame(run, checkpoint);
        return RunPretraining(run, run.Model.Architecture.CreateNetwork(_recipe.Seed), checkpoint, images, progress, cancellationToken);
    }

    private TrainingResult RunPretraining(
        RunDescription run,
        Network whole,
        Checkpoint? start,
        IImageDataset images,
        IProgress<TrainingProgress>? progress,
        CancellationToken cancellationToken)
    {
        SelfDistillation options = run.SelfDistillation!;
        var networks = CropNetworks.Create(whole, run.Model.Architecture, options, run.Recipe.Seed);
        using ITrainingEngine engine = new PartEngine(
            _backend.CreateSelfDistillation(
                networks, options, new SelfDistillationSchedule(options, run.StepsPerEpoch()), run.Recipe, _options.Threads),
            networks.Untrained);
        Restore(engine, start);
        var pipeline = new CropPipeline(images, Preprocessing, options, run.Model.Architecture.ImageSize, run.Recipe.Seed);
        var loop = new TrainingLoop(run, start, engine, _backend.ComputesWith, pipeline, evaluate: null, _options, progress);
        return loop.Run(cancellationToken);
    }

    private RunDescription Describe(ChannelIdleMethod method, IImageDataset images, SelfDistillation options)
    {
        options.Validate();
        if (TokenLabels is not null || Distillation is not null)
        {
            throw new ArgumentException(
                $"{nameof(TokenLabels)} and {nameof(Distillation)} cannot be combined with {nameof(Pretrain)}, which learns without labels.");
        }

        if (_recipe.TrainedBlocks is not null)
        {
            throw new ArgumentException(
                $"{nameof(TrainingRecipe.TrainedBlocks)} cannot be combined with {nameof(Pretrain)}, which trains the whole network.");
        }

        Architecture architecture = (method == ChannelIdleMethod.Convert ? ConvertedTraining.Vanilla(_architecture) : _architecture) with { Classes = 1 };
        SelfDistillation complete = options.Complete(architecture, images.Count, _recipe.GradientAccumulation);
        var run = new RunDescription
        {
            Model = new ModelDescription
            {
                Architecture = architecture,
                Form = NetworkForm.Trained,
                ClassNames = [ModelDescription.OnlyClass],
                Preprocessing = Preprocessing,
            },
            Recipe = RecipeOf(complete) with { ChannelIdleMethod = method },
            TrainingImages = images.Count,
            TrainingHash = images.HashContent(),
            ValidationImages = null,
            ValidationHash = null,
            SelfDistillation = complete,
        };
        run.Validate();
        return run;
    }

    /// <summary>The recipe with the numbers of a self-distilled run, and without what has no meaning there.</summary>
    private TrainingRecipe RecipeOf(SelfDistillation options) => new()
    {
        Epochs = options.Epochs,
        BatchSize = options.BatchSize,
        GradientAccumulation = _recipe.GradientAccumulation,
        Optimizer = _recipe.Optimizer,
        LearningRate = options.LearningRate,
        MinimumLearningRate = options.MinimumLearningRate,
        WarmupLearningRate = 0,
        WarmupEpochs = options.WarmupEpochs,
        WeightDecay = options.WeightDecay,
        Beta1 = _recipe.Beta1,
        Beta2 = _recipe.Beta2,
        Epsilon = _recipe.Epsilon,
        GradientClipNorm = options.GradientClipNorm,
        DropPathRate = options.DropPathRate,
        EmaDecay = null,
        Seed = _recipe.Seed,
    };
}
