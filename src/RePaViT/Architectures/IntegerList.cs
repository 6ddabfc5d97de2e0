using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RePaViT;

/// <summary>
/// Whole numbers of an architecture, for instance one for each block or stage. Never changes, and compares by value.
/// </summary>
[JsonConverter(typeof(Converter))]
[CollectionBuilder(typeof(IntegerList), nameof(Create))]
public sealed class IntegerList : IReadOnlyList<int>, IEquatable<IntegerList>
{
    private readonly int[] _values;

    private IntegerList(int[] values) => _values = values;

    /// <inheritdoc/>
    public int Count => _values.Length;

    /// <inheritdoc/>
    public int this[int index] => _values[index];

    /// <summary>Copies numbers; <c>[2, 2, 6, 2]</c> does the same.</summary>
    /// <param name="values">The numbers; the architecture checks them.</param>
    public static IntegerList Create(ReadOnlySpan<int> values) => new(values.ToArray());

    /// <inheritdoc/>
    public bool Equals(IntegerList? other) => other is not null && _values.AsSpan().SequenceEqual(other._values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as IntegerList);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (int value in _values)
        {
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => $"[{string.Join(", ", _values)}]";

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)_values).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal sealed class Converter : JsonConverter<IntegerList>
    {
        public override IntegerList Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new JsonException("A list of numbers is needed.");
            }

            var values = new List<int>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                values.Add(reader.GetInt32());
            }

            return new IntegerList([.. values]);
        }

        public override void Write(Utf8JsonWriter writer, IntegerList value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (int number in value._values)
            {
                writer.WriteNumberValue(number);
            }

            writer.WriteEndArray();
        }
    }
}
