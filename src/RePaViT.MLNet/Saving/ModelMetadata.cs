using System.Text.Json;
using RePaViT.IO;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Scoring;

namespace RePaViT.MLNet.Saving;

/// <summary>
/// What a file says about a transformer beside the network: a text in the ONNX model's metadata. The values of the classes
/// are the model's class names.
/// </summary>
internal sealed record ModelMetadata
{
    public const string Key = "repavit.mlnet";

    public required ScoringDescription Scoring { get; init; }

    /// <summary>The type of the label's keys.</summary>
    public required string KeyType { get; init; }

    /// <summary>The type of what keys stand for; null where they stand for nothing but themselves.</summary>
    public required string? ValueType { get; init; }

    public static ModelMetadata Of(ImageClassificationRePaViTTransformer transformer) => new()
    {
        Scoring = transformer.Description,
        KeyType = transformer.Classes.Type.RawType.Name,
        ValueType = transformer.Classes.ValueType?.RawType.Name,
    };

    /// <summary>What stands in the place of metadata in a file that the core library wrote.</summary>
    public static ModelMetadata Default { get; } = new()
    {
        Scoring = new ScoringDescription
        {
            FeatureColumnName = DefaultColumns.Features,
            Features = null,
            ScoreColumnName = DefaultColumns.Score,
            PredictedLabelColumnName = DefaultColumns.PredictedLabel,
        },
        KeyType = nameof(UInt32),
        ValueType = typeof(ReadOnlyMemory<char>).Name,
    };

    public KeyValuePair<string, string> ToEntry() => new(Key, ModelJson.Stored.Write(this));

    /// <exception cref="InvalidDataException">The text is not what <see cref="ToEntry"/> writes.</exception>
    public static ModelMetadata FromJson(string json)
    {
        try
        {
            ModelMetadata metadata = ModelJson.Stored.Parse<ModelMetadata>(json)
                ?? throw new InvalidDataException($"Metadata '{Key}' is null.");
            metadata.Validate();
            return metadata;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new InvalidDataException(
                $"Metadata '{Key}' is not accepted: {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    /// <exception cref="InvalidDataException">The classes' names are no values of the type.</exception>
    public ClassKeys CreateClasses(IReadOnlyList<string> names) => ClassKeys.Create(KeyType, ValueType, names);

    private void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Scoring.FeatureColumnName);
        ArgumentException.ThrowIfNullOrWhiteSpace(Scoring.ScoreColumnName);
        ArgumentException.ThrowIfNullOrWhiteSpace(Scoring.PredictedLabelColumnName);
        if (Scoring.ScoreColumnName == Scoring.PredictedLabelColumnName)
        {
            throw new ArgumentException($"Scores and predicted labels are both '{Excerpt.Of(Scoring.ScoreColumnName)}'.");
        }

        Scoring.Features?.Validate();
    }
}
