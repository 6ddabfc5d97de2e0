using System.Text.Json;
using System.Text.Json.Serialization;
using RePaViT.IO;
using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Saving;

/// <summary>How that is stored which a saved model says beside the network.</summary>
internal static partial class ModelJson
{
    public static StoredJson Stored { get; } = new(SavingTypes.Default);

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Strict,
        GenerationMode = JsonSourceGenerationMode.Metadata,
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        Converters = [typeof(EnumNameConverter<ImageColumnKind>), typeof(EnumNameConverter<Interpolation>)])]
    [JsonSerializable(typeof(ModelMetadata))]
    [JsonSerializable(typeof(Preparation))]
    private sealed partial class SavingTypes : JsonSerializerContext;
}
