using System.Text.Json;
using System.Text.Json.Serialization;
using RePaViT.IO;

namespace RePaViT;

/// <summary>What a model file says about its network beside the weights. Stored as JSON.</summary>
internal sealed partial record ModelDescription
{
    /// <summary>The class of a network that has none of its own: its head gives one logit, 0, for every image.</summary>
    public const string OnlyClass = "image";

    private static readonly StoredJson Stored = new(ModelTypes.Default);

    public required Architecture Architecture { get; init; }

    public required NetworkForm Form { get; init; }

    /// <summary>Names of the classes, one for each logit.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    public required ImagePreprocessing Preprocessing { get; init; }

    /// <exception cref="ArgumentException">A part is not valid or does not fit another.</exception>
    public void Validate()
    {
        ArgumentNullException.ThrowIfNull(Preprocessing);
        Architecture.Validate();
        Preprocessing.Validate();
        if (!Enum.IsDefined(Form))
        {
            throw new ArgumentException($"{nameof(Form)} {Form} is not known.");
        }

        if (ClassNames.Count != Architecture.Classes)
        {
            throw new ArgumentException(
                $"{nameof(ClassNames)} has {ClassNames.Count} names, but the network has {Architecture.Classes} classes.");
        }

        for (int label = 0; label < ClassNames.Count; label++)
        {
            string place = $"{nameof(ClassNames)}[{label}]";
            UnicodeText.ThrowUnlessStorable(ClassNames[label] ?? throw new ArgumentException($"{place} is null."), place);
        }
    }

    /// <summary>The same, with files decoded as for another: what they are decoded to is what counts, where images are compared.</summary>
    public ModelDescription DecodedAs(ModelDescription other)
        => this with { Preprocessing = Preprocessing with { Decoding = other.Preprocessing.Decoding } };

    public string ToJson() => Stored.Write(this);

    /// <exception cref="InvalidDataException">The text is not a description, or a part of it is not valid.</exception>
    public static ModelDescription FromJson(string json)
    {
        try
        {
            ModelDescription description = JsonFields.Parse(json, ModelDescriptionReader.Read);
            description.Validate();
            return description;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"The model description is not accepted: {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Strict,
        GenerationMode = JsonSourceGenerationMode.Metadata,
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        Converters =
        [
            typeof(EnumNameConverter<NetworkForm>), typeof(EnumNameConverter<IdleHeuristic>), typeof(EnumNameConverter<FeedForwardNorm>),
            typeof(EnumNameConverter<FeedForwardStructure>), typeof(EnumNameConverter<FeedForwardActivation>),
            typeof(EnumNameConverter<Interpolation>),
        ])]
    [JsonSerializable(typeof(ModelDescription))]
    private sealed partial class ModelTypes : JsonSerializerContext;
}
