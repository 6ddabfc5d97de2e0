using RePaViT.Randomness;
using RePaViT.Threading;

namespace RePaViT.Training;

/// <summary>Batches of images, augmented at random, with what is to be learned of them.</summary>
internal sealed class BatchPipeline : IBatchPipeline
{
    private readonly IImageDataset _dataset;
    private readonly ImagePreprocessing _preprocessing;
    private readonly AugmentationOptions _augmentation;
    private readonly double _labelSmoothing;
    private readonly int _imageSize;
    private readonly ulong _seed;
    private readonly IBatchTargets _targets;
    private readonly EpochOrder _order;

    /// <param name="dataset">The images.</param>
    /// <param name="preprocessing">How they are prepared.</param>
    /// <param name="augmentation">How they are changed.</param>
    /// <param name="labelSmoothing">Probability that is taken from the target class and spread over all classes.</param>
    /// <param name="imageSize">Width and height of a prepared image.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="batchSize">Images in a batch.</param>
    /// <param name="seed">The seed of all random choices.</param>
    /// <param name="targets">Makes the targets of batches; null for those of the data set's labels.</param>
    /// <exception cref="ArgumentException">
    /// An option is not valid, the data set is empty, or a label is not one of the network's classes.
    /// </exception>
    public BatchPipeline(
        IImageDataset dataset,
        ImagePreprocessing preprocessing,
        AugmentationOptions augmentation,
        double labelSmoothing,
        int imageSize,
        int classes,
        int batchSize,
        ulong seed,
        IBatchTargets? targets = null)
    {
        preprocessing.Validate();
        augmentation.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(imageSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(
            augmentation.CropPadding, imageSize, nameof(AugmentationOptions.CropPadding));
        if (!(labelSmoothing is >= 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(labelSmoothing), labelSmoothing, "A share in [0, 1) is needed.");
        }

        if (dataset.ClassNames.Count != classes)
        {
            throw new ArgumentException(
                $"The data set has {dataset.ClassNames.Count} classes, but the network has {classes}.", nameof(dataset));
        }

        // Counting looks at every label: a wrong one is better found now than an hour later.
        dataset.CountLabels();
        _dataset = dataset;
        _preprocessing = preprocessing;
        _augmentation = augmentation;
        _labelSmoothing = labelSmoothing;
        _imageSize = imageSize;
        _seed = seed;
        _targets = targets ?? new LabelTargets(classes);
        BatchSize = Math.Min(batchSize, dataset.Count);
        BatchesPerEpoch = dataset.Count / BatchSize;
        _order = new EpochOrder(dataset.Count, seed);
    }

    /// <summary>Images in every batch: what was requested, or the whole data set where that is smaller.</summary>
    public int BatchSize { get; }

    /// <summary>
    /// Full batches in an epoch. The images that are left over are dropped; each epoch's order leaves others over.
    /// </summary>
    public int BatchesPerEpoch { get; }

    /// <inheritdoc/>
    public TrainingBatch CreateBatch()
        => new(BatchSize, 3 * _imageSize * _imageSize, _targets.Length, _targets.NeedsPixels);

    /// <inheritdoc/>
    public void Fill(int epoch, int batch, TrainingBatch destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch, BatchesPerEpoch);
        ArgumentOutOfRangeException.ThrowIfLessThan(destination.Capacity, BatchSize, nameof(destination));

        int[] order = _order.Of(epoch);
        int repeats = _augmentation.Repeats;
        int first = batch * BatchSize;
        int[] labels = new int[BatchSize];
        var views = new ImageView[BatchSize];
        int length = 3 * _imageSize * _imageSize;
        ParallelLoop.Run(BatchSize, i =>
        {
            (int place, int repeat) = Math.DivRem(first + i, repeats);
            int index = order[place];
            var random = new RandomStream(_seed, RandomPurpose.Augmentation, epoch, (long)index * repeats + repeat);
            Span<float> planes = destination.Images.AsSpan(i * length, length);
            Span<float> pixels = destination.Pixels.Length == 0 ? [] : destination.Pixels.AsSpan(i * length, length);
            views[i] = new ImageView(
                index,
                Augmentation.Apply(_dataset.GetImage(index), _preprocessing, _augmentation, random, _imageSize, planes, pixels));
            labels[i] = _dataset.GetLabel(index);
        });

        destination.Count = BatchSize;
        var key = new BatchKey(_seed, epoch, batch);
        double share = AugmentationMixing.Mix(destination, _augmentation, _imageSize, key.Stream(RandomPurpose.Mixing));
        _targets.Fill(destination, views, labels, share, _labelSmoothing, key);
    }
}
