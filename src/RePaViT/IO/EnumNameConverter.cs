using System.Text.Json;
using System.Text.Json.Serialization;

namespace RePaViT.IO;

/// <summary>Stores values of an enumeration by their names in camel case, and nothing else.</summary>
internal sealed class EnumNameConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
