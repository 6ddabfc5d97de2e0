using RePaViT.Randomness;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>Some images of a collection in random order, prepared when they are requested.</summary>
internal sealed class CalibrationImages
{
    // Every fifth is held out.
    private const int Parts = 5;

    private readonly Func<int, RgbImage> _image;
    private readonly int[] _indices;
    private readonly ImagePreprocessing _preprocessing;
    private readonly int _size;

    private CalibrationImages(Func<int, RgbImage> image, int[] indices, ImagePreprocessing preprocessing, int size)
        => (_image, _indices, _preprocessing, _size) = (image, indices, preprocessing, size);

    public int Count => _indices.Length;

    /// <summary>Values of a prepared image.</summary>
    public int ImageLength => Architecture.Channels * _size * _size;

    /// <summary>Draws images, always the same ones, and holds a fifth of them out.</summary>
    /// <param name="model">How they are prepared.</param>
    /// <param name="count">Number of images there are.</param>
    /// <param name="image">Gives one.</param>
    /// <param name="limit">Number of images to draw, if there are that many.</param>
    public static CalibrationSplit Draw(RePaViTModel model, int count, Func<int, RgbImage> image, int limit)
    {
        ConversionOptions.ThrowUnlessEnough(count);
        int[] drawn = new RandomStream(0, RandomPurpose.Sample).NextPermutation(count)[..Math.Min(limit, count)];
        int heldOut = drawn.Length / Parts;
        return new CalibrationSplit(Of(drawn[heldOut..]), Of(drawn[..heldOut]));

        CalibrationImages Of(int[] indices) => new(image, indices, model.Preprocessing, model.Architecture.ImageSize);
    }

    /// <summary>The first of them.</summary>
    /// <param name="limit">Their number, if there are that many.</param>
    public CalibrationImages Take(int limit) => new(_image, _indices[..Math.Min(limit, Count)], _preprocessing, _size);

    /// <summary>Prepares images from a given one on, as many as fit: [images, channels, size, size] from 0 to 255.</summary>
    public void Prepare(int first, Memory<float> planes) => ParallelLoop.Run(planes.Length / ImageLength, i => _preprocessing.Prepare(
        _image(_indices[first + i]), _size, planes.Span.Slice(i * ImageLength, ImageLength)));
}

/// <summary>Calibration images in two parts.</summary>
/// <param name="Fitted">Those that weights are fitted to.</param>
/// <param name="HeldOut">Those that are only looked at afterwards.</param>
internal sealed record CalibrationSplit(CalibrationImages Fitted, CalibrationImages HeldOut);
