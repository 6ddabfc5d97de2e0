using System.Text.Json;
using System.Text.Json.Serialization;

namespace RePaViT;

/// <summary>When to end training before the last epoch.</summary>
[JsonConverter(typeof(Converter))]
public sealed record EarlyStopping
{
    /// <param name="patience">Epochs without a better validation accuracy after which training ends, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The patience is below 1.</exception>
    public EarlyStopping(int patience = 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patience, 1);
        Patience = patience;
    }

    /// <summary>Epochs without a better validation accuracy after which training ends.</summary>
    public int Patience { get; }

    /// <summary>Stored as the number alone.</summary>
    internal sealed class Converter : JsonConverter<EarlyStopping>
    {
        public override EarlyStopping Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
            => new(reader.GetInt32());

        public override void Write(Utf8JsonWriter writer, EarlyStopping value, JsonSerializerOptions options)
            => writer.WriteNumberValue(value.Patience);
    }
}
