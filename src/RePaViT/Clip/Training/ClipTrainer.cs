using RePaViT.Data;
using RePaViT.Training.Contrastive;

namespace RePaViT;

/// <summary>
/// Trains the image tower of a CLIP on images with texts, by CLIP's contrastive loss (Radford et al., arXiv 2103.00020, figure 3). The text
/// tower and <see cref="ClipModel.LogitScale"/> stay as they are (locked-text tuning), so each text is embedded only once. Training runs on
/// the CPU and is as deterministic as with <see cref="Trainer"/>.
/// <para>
/// Each image is compared with the texts of all pairs of a step: <see cref="TrainingRecipe.BatchSize"/> pairs in each of
/// <see cref="TrainingRecipe.GradientAccumulation"/> batches. Activations are kept for one batch at a time, however many there are (gradient
/// caching: Gao et al., arXiv 2101.06983). In return, each batch passes forward through the network twice, and the images of all batches are
/// kept in memory, 12 bytes per pixel. Batch normalization uses the statistics of each batch.
/// </para>
/// <para>
/// Accuracy is the share of images that are at least as close to their own text as to any other: of the same step in training, of all
/// validation pairs in validation. <see cref="TrainingRecipe.LabelSmoothing"/> has no effect.
/// </para>
/// </summary>
public sealed class ClipTrainer
{
    private const string NoMixing = "0 (a mixture of two images has no text)";

    private readonly ClipModel _clip;
    private readonly Architecture _architecture;
    private readonly RePaViTModel? _initialTower;
    private readonly TrainingRecipe _recipe;
    private readonly TrainerOptions? _options;

    /// <summary>Creates a trainer that continues from the image tower as it is, vanilla or channel-idle, deployed or not.</summary>
    /// <param name="clip">The towers.</param>
    /// <param name="recipe">How to train; null for <see cref="TrainingRecipe.FineTune"/>.</param>
    /// <param name="options">Threads and checkpoints; null for all cores and none.</param>
    /// <exception cref="ArgumentException">
    /// An option has a value that is not accepted, or one that would mix or repeat images; the message names it.
    /// </exception>
    public ClipTrainer(ClipModel clip, TrainingRecipe? recipe = null, TrainerOptions? options = null)
        : this(clip, clip?.ImageTower.Architecture, clip?.ImageTower, recipe ?? TrainingRecipe.FineTune, options)
    {
    }

    /// <summary>Creates a trainer for a new image tower, which starts from random weights.</summary>
    /// <param name="clip">The text tower and the preprocessing of images.</param>
    /// <param name="architecture">
    /// The new tower. Its number of classes is ignored; if its <see cref="ViTArchitecture.ProjectionDim"/> is null, that of the texts is taken.
    /// If it has idle channels, the recipe's <see cref="ChannelIdleMethod"/> decides whether it is trained with them or converted at the end.
    /// </param>
    /// <param name="recipe">How to train; null for the defaults.</param>
    /// <param name="options">Threads and checkpoints; null for all cores and none.</param>
    /// <exception cref="ArgumentException">
    /// As in the other constructor, or the architecture is not valid, or its embeddings do not have the length of those of texts.
    /// </exception>
    public ClipTrainer(ClipModel clip, ViTArchitecture architecture, TrainingRecipe? recipe = null, TrainerOptions? options = null)
        : this(clip, TowerOf(clip, architecture), initialTower: null, recipe ?? new TrainingRecipe(), options)
    {
    }

    private ClipTrainer(ClipModel? clip, Architecture? architecture, RePaViTModel? initialTower, TrainingRecipe recipe, TrainerOptions? options)
    {
        ArgumentNullException.ThrowIfNull(clip);
        recipe.Validate();
        ThrowIfMixed(recipe.Augmentation);
        (_clip, _architecture, _initialTower, _recipe, _options) = (clip, architecture!, initialTower, recipe, options);
    }

    /// <summary>Trains from the beginning.</summary>
    /// <param name="training">The pairs to learn; at least one batch.</param>
    /// <param name="validation">
    /// Pairs to measure the averaged weights on after each epoch; null for none, in which case the result is that of the last epoch.
    /// </param>
    /// <param name="progress">Receives reports, at most ten per second and one after each epoch; may be null.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress; the result is then the best so far.</param>
    /// <exception cref="ArgumentException">
    /// The numbers of texts and images differ, a text is not accepted (<see cref="ClipModel.EmbedTexts"/>), or the data, the tower and the
    /// recipe do not match.
    /// </exception>
    /// <exception cref="NotSupportedException">As for <see cref="Trainer.Fit"/>.</exception>
    /// <exception cref="TrainingDivergedException">The loss, the gradients or the weights are no longer finite.</exception>
    /// <exception cref="IOException">As for <see cref="Trainer.Fit"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled while texts were being embedded.</exception>
    public ClipTrainingResult Fit(
        ImageTextPairs training, ImageTextPairs? validation = null, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
        => Run(training, validation, (trainer, images, others) => trainer.Fit(images, others, progress, cancellationToken), cancellationToken);

    /// <summary>
    /// Continues from the last state in <see cref="TrainerOptions.CheckpointPath"/>, as <see cref="Trainer.Resume"/> does.
    /// </summary>
    /// <param name="training">The same pairs as before.</param>
    /// <param name="validation">The same pairs as before.</param>
    /// <param name="progress">As for <see cref="Fit"/>.</param>
    /// <param name="cancellationToken">As for <see cref="Fit"/>.</param>
    /// <exception cref="ArgumentException">
    /// The checkpoint belongs to another tower, recipe, data set or other texts; the message names the first difference.
    /// </exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or the file is not a checkpoint.</exception>
    /// <exception cref="InvalidOperationException">The options name no checkpoint.</exception>
    /// <exception cref="NotSupportedException">As for <see cref="Fit"/>.</exception>
    /// <exception cref="TrainingDivergedException">As for <see cref="Fit"/>.</exception>
    /// <exception cref="IOException">The checkpoint cannot be read, or as for <see cref="Fit"/>.</exception>
    /// <exception cref="OperationCanceledException">As for <see cref="Fit"/>.</exception>
    public ClipTrainingResult Resume(
        ImageTextPairs training, ImageTextPairs? validation = null, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
        => Run(training, validation, (trainer, images, others) => trainer.Resume(images, others, progress, cancellationToken), cancellationToken);

    private ClipTrainingResult Run(
        ImageTextPairs training, ImageTextPairs? validation, Func<Trainer, IImageDataset, IImageDataset?, TrainingResult> run,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(training);
        PairImages pairs = Embed(training, nameof(training), cancellationToken);
        PairImages? others = validation is null ? null : Embed(validation, nameof(validation), cancellationToken);
        var trainer = new Trainer(_architecture, _recipe, _options, backend: null, new ContrastiveTraining(pairs, others, _clip.LogitScale))
        {
            Preprocessing = _clip.ImageTower.Preprocessing, InitialModel = _initialTower,
        };
        TrainingResult result = run(trainer, pairs, others);
        return new ClipTrainingResult(_clip.WithImageTower(result.Deploy()), result);
    }

    /// <summary>Texts that occur more than once are embedded once.</summary>
    private PairImages Embed(ImageTextPairs pairs, string name, CancellationToken cancellationToken)
    {
        Func<int, int> place = pairs.Images.PlacesIn(pairs.Texts.Count)
            ?? throw new ArgumentException(
                $"There are {pairs.Texts.Count} texts, but {pairs.Images.Count} images: one text for each is needed.", name);
        string[] texts = [.. Enumerable.Range(0, pairs.Images.Count).Select(image => pairs.Texts[place(image)])];
        string[] distinct = [.. texts.Distinct(StringComparer.Ordinal)];
        var vectors = distinct.Zip(_clip.EmbedTexts(distinct, cancellationToken))
            .ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        return new PairImages(pairs.Images, [.. texts.Select(text => vectors[text])], _clip.ImageTower.ClassNames);
    }

    private static ViTArchitecture TowerOf(ClipModel clip, ViTArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(clip);
        ArgumentNullException.ThrowIfNull(architecture);
        int length = architecture.ProjectionDim ?? clip.EmbeddingLength;
        Guard.ThrowUnless(length == clip.EmbeddingLength, architecture.ProjectionDim, $"{clip.EmbeddingLength}, the length of the texts' embeddings,");
        return architecture with { Classes = 1, ProjectionDim = length };
    }

    /// <summary>A mixture of two images has no text, and a repeated image would be contrasted with its own text.</summary>
    private static void ThrowIfMixed(AugmentationOptions augmentation)
    {
        Guard.ThrowUnless(augmentation.MixupAlpha == 0, augmentation.MixupAlpha, NoMixing);
        Guard.ThrowUnless(augmentation.CutmixAlpha == 0, augmentation.CutmixAlpha, NoMixing);
        Guard.ThrowUnless(augmentation.Repeats == 1, augmentation.Repeats, "1 (repeats of an image would be contrasted with each other's text)");
    }
}
