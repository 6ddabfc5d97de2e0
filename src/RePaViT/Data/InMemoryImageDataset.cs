namespace RePaViT;

/// <summary>Labeled images that are all held in memory. Safe to read from several threads.</summary>
public sealed class InMemoryImageDataset : IImageDataset
{
    private readonly RgbImage[] _images;
    private readonly int[] _labels;
    private readonly string[] _classNames;

    /// <summary>Takes images with their labels. The lists are copied, the pixels are not.</summary>
    /// <param name="images">At least one image; sizes may differ.</param>
    /// <param name="labels">One label for each image: an index into <paramref name="classNames"/>.</param>
    /// <param name="classNames">Names of the classes; none is empty.</param>
    /// <exception cref="ArgumentException">
    /// The lists do not match each other, or an element is not accepted; the message names it.
    /// </exception>
    public InMemoryImageDataset(IEnumerable<RgbImage> images, IEnumerable<int> labels, IEnumerable<string> classNames)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(classNames);
        _images = [.. images];
        _labels = [.. labels];
        _classNames = [.. classNames];
        if (_images.Length == 0)
        {
            throw new ArgumentException("A data set needs at least one image.", nameof(images));
        }

        if (_labels.Length != _images.Length)
        {
            throw new ArgumentException(
                $"There are {_labels.Length} labels for {_images.Length} images.", nameof(labels));
        }

        int unnamed = Array.FindIndex(_classNames, string.IsNullOrWhiteSpace);
        if (unnamed >= 0)
        {
            throw new ArgumentException($"Class {unnamed} has no name.", nameof(classNames));
        }

        // A default structure has no pixels; the constructor of an image refuses that.
        int empty = Array.FindIndex(_images, image => image.Pixels.IsEmpty);
        if (empty >= 0)
        {
            throw new ArgumentException($"Image {empty} has no pixels.", nameof(images));
        }

        int wrong = Array.FindIndex(_labels, label => (uint)label >= (uint)_classNames.Length);
        if (wrong >= 0)
        {
            throw new ArgumentException(
                $"Image {wrong} has label {_labels[wrong]}, but there are {_classNames.Length} classes.", nameof(labels));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ClassNames => _classNames;

    /// <inheritdoc/>
    public int Count => _images.Length;

    /// <inheritdoc/>
    public RgbImage GetImage(int index) => _images[Checked(index)];

    /// <inheritdoc/>
    public int GetLabel(int index) => _labels[Checked(index)];

    private int Checked(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return index;
    }
}
