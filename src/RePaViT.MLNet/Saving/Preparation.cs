using System.Text.Json;
using RePaViT.IO;
using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Saving;

/// <summary>
/// How a saved model prepares images. ML.NET's custom mappings have no state of their own, so this travels through the
/// model as the text of a column.
/// </summary>
internal sealed record Preparation
{
    /// <summary>The largest <see cref="ImageSize"/>: far beyond any network, but 200 MB for whoever writes it into a file.</summary>
    public const int MaxImageSize = 4096;

    // What was read last: models are scored row after row with the same text. Records are immutable, so any thread may
    // replace it.
    private static volatile Parsed? _last;

    /// <summary>What the column of images holds.</summary>
    public required ImageColumn Images { get; init; }

    /// <summary>Width and height of the network's input, in pixels.</summary>
    public required int ImageSize { get; init; }

    public required ImagePreprocessing Preprocessing { get; init; }

    public string ToJson() => ModelJson.Stored.Write(this);

    /// <exception cref="InvalidDataException">The text is not a preparation.</exception>
    public static Preparation FromJson(ReadOnlyMemory<char> json)
    {
        Parsed? last = _last;
        if (last is null || !json.Span.SequenceEqual(last.Json))
        {
            string text = json.ToString();
            _last = last = new Parsed(text, Parse(text));
        }

        return last.Preparation;
    }

    /// <summary>The values of a prepared image, [3, size, size].</summary>
    public float[] Prepare(ImageDecoder image)
    {
        RgbImage decoded = image();
        float[] planes = new float[Architecture.Channels * ImageSize * ImageSize];
        Preprocessing.Prepare(decoded, ImageSize, planes);
        return planes;
    }

    private static Preparation Parse(string json)
    {
        try
        {
            Preparation preparation = ModelJson.Stored.Parse<Preparation>(json)
                ?? throw new InvalidDataException("The preparation of images is null.");
            ArgumentOutOfRangeException.ThrowIfLessThan(preparation.ImageSize, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(preparation.ImageSize, MaxImageSize);
            preparation.Preprocessing.Validate();
            preparation.Images.Validate();
            return preparation;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"The preparation of images in this model is not accepted: {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    private sealed record Parsed(string Json, Preparation Preparation);
}
