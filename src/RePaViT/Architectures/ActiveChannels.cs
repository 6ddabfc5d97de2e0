using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RePaViT;

/// <summary>
/// Hidden channels that pass through the activation, one number per block. Compares by value.
/// </summary>
[JsonConverter(typeof(Converter))]
[CollectionBuilder(typeof(ActiveChannels), nameof(Create))]
public sealed class ActiveChannels : IReadOnlyList<int>, IEquatable<ActiveChannels>
{
    private readonly int[] _perBlock;

    private ActiveChannels(int[] perBlock) => _perBlock = perBlock;

    /// <inheritdoc/>
    public int Count => _perBlock.Length;

    /// <inheritdoc/>
    public int this[int index] => _perBlock[index];

    /// <summary>Takes one number of active channels per block, from the first block to the last.</summary>
    /// <param name="perBlock">Numbers in [0, hidden channels]; the architecture checks them.</param>
    public static ActiveChannels Create(ReadOnlySpan<int> perBlock) => new(perBlock.ToArray());

    /// <inheritdoc/>
    public bool Equals(ActiveChannels? other) => other is not null && _perBlock.AsSpan().SequenceEqual(other._perBlock);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ActiveChannels);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (int channels in _perBlock)
        {
            hash.Add(channels);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", _perBlock)}]";

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)_perBlock).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal sealed class Converter : JsonConverter<ActiveChannels>
    {
        public override ActiveChannels Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new JsonException("A list of numbers is needed.");
            }

            var perBlock = new List<int>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                perBlock.Add(reader.GetInt32());
            }

            return new ActiveChannels([.. perBlock]);
        }

        public override void Write(Utf8JsonWriter writer, ActiveChannels value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (int channels in value._perBlock)
            {
                writer.WriteNumberValue(channels);
            }

            writer.WriteEndArray();
        }
    }
}
