using RePaViT.Inference;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Models;

/// <summary>Gets what a network has at one of its outputs, for a number of images: what it gives is [count, shape].</summary>
internal delegate void OutputAction(int index, ReadOnlySpan<float> values);

/// <summary>Runs a network up to one of its outputs. Safe to use from several threads at once.</summary>
/// <param name="create">Makes the engine, the first time it is needed.</param>
/// <param name="imageSize">Width and height of a prepared image.</param>
/// <param name="preprocessing">How images are prepared.</param>
/// <param name="shape">What the output is for one image.</param>
/// <param name="unit">What the numbers of the output are called.</param>
internal sealed class OutputEngine(
    Func<IInferenceEngine> create, int imageSize, ImagePreprocessing preprocessing, Shape shape, string unit)
{
    private const int MaxImagesPerBatch = 64;

    // 64 MiB: fewer images at a time where they are large.
    private const int ValuesPerBatch = 1 << 24;

    private IInferenceEngine? _engine;
    private object? _engineLock;

    /// <summary>Values of a prepared image.</summary>
    public int ImageLength { get; } = Architecture.Channels * imageSize * imageSize;

    /// <summary>The number of images that are worth running at once.</summary>
    public int ImagesPerBatch => (int)Math.Clamp(ValuesPerBatch / Math.Max(ImageLength, shape.Length), 1, MaxImagesPerBatch);

    /// <summary>Runs images that are prepared already.</summary>
    /// <param name="images">[count, 3, size, size].</param>
    /// <param name="values">[count, shape].</param>
    /// <exception cref="ArgumentException">The lengths fit no number of images.</exception>
    public void Run(ReadOnlySpan<float> images, Span<float> values)
    {
        int count = images.Length / ImageLength;
        if (images.Length != count * ImageLength)
        {
            throw new ArgumentException(
                $"{images.Length} values are not a whole number of images: an image has 3 x {imageSize} x {imageSize}.", nameof(images));
        }

        if (values.Length != count * shape.Length)
        {
            throw new ArgumentException(
                $"{count} images have {count * shape.Length} {unit}, but there is room for {values.Length}.", nameof(values));
        }

        // An engine that could not be made, for want of memory, is tried again with the next call.
        LazyInitializer.EnsureInitialized(ref _engine, ref _engineLock, create).Run(images, count, values);
    }

    /// <summary>Prepares images of any sizes and runs them, some at a time.</summary>
    public void ForEachImage(int count, Func<int, RgbImage> image, OutputAction use, CancellationToken cancellationToken = default)
    {
        int imagesPerBatch = Math.Min(count, ImagesPerBatch);
        int length = (int)shape.Length;
        float[] pixels = new float[imagesPerBatch * ImageLength];
        float[] values = new float[imagesPerBatch * length];
        for (int start = 0; start < count; start += imagesPerBatch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int images = Math.Min(imagesPerBatch, count - start);
            int first = start;
            ParallelLoop.Run(images, i => preprocessing.Prepare(
                image(first + i), imageSize, pixels.AsSpan(i * ImageLength, ImageLength)));
            Run(pixels.AsSpan(0, images * ImageLength), values.AsSpan(0, images * length));
            for (int i = 0; i < images; i++)
            {
                use(first + i, values.AsSpan(i * length, length));
            }
        }
    }
}
