using RePaViT.Randomness;
using RePaViT.Threading;

namespace RePaViT.Training.Pretraining;

/// <summary>Batches of crops of images: two large ones and some small ones of each. Labels are not looked at.</summary>
internal sealed class CropPipeline : IBatchPipeline
{
    private const int GlobalCrops = SelfDistillationLoss.GlobalCrops;

    private readonly IImageDataset _images;
    private readonly ImagePreprocessing _preprocessing;
    private readonly SelfDistillation _options;
    private readonly CropAugmentation[] _crops;
    private readonly int _size;
    private readonly int _localSize;
    private readonly ulong _seed;
    private readonly EpochOrder _order;

    /// <param name="images">The images; at least one batch.</param>
    /// <param name="preprocessing">How they are prepared.</param>
    /// <param name="options">Complete.</param>
    /// <param name="size">Width and height of large crops.</param>
    /// <param name="seed">The seed of all random choices.</param>
    public CropPipeline(IImageDataset images, ImagePreprocessing preprocessing, SelfDistillation options, int size, ulong seed)
    {
        (_images, _preprocessing, _options, _size, _seed) = (images, preprocessing, options, size, seed);
        _localSize = options.LocalCropSize!.Value;
        (CropAugmentation first, CropAugmentation second, CropAugmentation local) = CropAugmentation.Of(options);
        _crops = [first, second, .. Enumerable.Repeat(local, options.LocalCrops)];
        _order = new EpochOrder(images.Count, seed);
        BatchSize = options.BatchSize!.Value;
        BatchesPerEpoch = images.Count / BatchSize;
    }

    public int BatchSize { get; }

    public int BatchesPerEpoch { get; }

    private int CropLength => 3 * _size * _size;

    private int LocalLength => 3 * _localSize * _localSize;

    public TrainingBatch CreateBatch() => new(
        BatchSize, GlobalCrops * CropLength, targetLength: 0, localLength: _options.LocalCrops * LocalLength);

    public void Fill(int epoch, int batch, TrainingBatch destination)
    {
        int[] order = _order.Of(epoch);
        ParallelLoop.Run(BatchSize, i =>
        {
            int index = order[batch * BatchSize + i];
            RgbImage image = _images.GetImage(index);
            for (int crop = 0; crop < _crops.Length; crop++)
            {
                var random = new RandomStream(_seed, RandomPurpose.Augmentation, epoch, (long)index * _crops.Length + crop);
                bool isGlobal = crop < GlobalCrops;
                Span<float> planes = isGlobal
                    ? destination.Images.AsSpan((i * GlobalCrops + crop) * CropLength, CropLength)
                    : destination.LocalCrops.AsSpan((i * _options.LocalCrops + crop - GlobalCrops) * LocalLength, LocalLength);
                _crops[crop].Apply(image, _preprocessing, _size, random, isGlobal ? _size : _localSize, planes);
            }
        });
        destination.Count = BatchSize;
    }
}
