using System.Text.Json;
using System.Text.Json.Serialization;
using RePaViT.IO;
using RePaViT.Training.Contrastive;

namespace RePaViT.Training;

/// <summary>How runs and their states are stored.</summary>
internal static partial class RunJson
{
    public static StoredJson Stored { get; } = new(RunTypes.Default);

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Strict,
        GenerationMode = JsonSourceGenerationMode.Metadata,
        PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
        Converters =
        [
            typeof(EnumNameConverter<NetworkForm>), typeof(EnumNameConverter<IdleHeuristic>), typeof(EnumNameConverter<FeedForwardNorm>),
            typeof(EnumNameConverter<FeedForwardStructure>), typeof(EnumNameConverter<FeedForwardActivation>),
            typeof(EnumNameConverter<ChannelIdleMethod>), typeof(EnumNameConverter<TeacherOutput>),
            typeof(EnumNameConverter<Interpolation>), typeof(EnumNameConverter<OptimizerKind>),
        ])]
    [JsonSerializable(typeof(RunDescription))]
    [JsonSerializable(typeof(TrainingState))]
    [JsonSerializable(typeof(TokenLabelDescription))]
    [JsonSerializable(typeof(DistillationDescription))]
    [JsonSerializable(typeof(SelfDistillation))]
    [JsonSerializable(typeof(ContrastDescription))]
    [JsonSerializable(typeof(string[]))]
    private sealed partial class RunTypes : JsonSerializerContext;
}
