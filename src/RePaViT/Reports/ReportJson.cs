using System.Text.Json;
using System.Text.Json.Serialization;
using RePaViT.IO;

namespace RePaViT.Reports;

/// <summary>How reports are stored.</summary>
internal static partial class ReportJson
{
    public static StoredJson Stored { get; } = new(ReportTypes.Default);

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Strict,
        GenerationMode = JsonSourceGenerationMode.Metadata,
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        Converters =
        [
            typeof(EnumNameConverter<ReportMapKind>), typeof(EnumNameConverter<ChannelIdleMethod>),
            typeof(EnumNameConverter<Interpolation>), typeof(EnumNameConverter<OptimizerKind>),
        ])]
    [JsonSerializable(typeof(TrainingReport))]
    private sealed partial class ReportTypes : JsonSerializerContext;
}
