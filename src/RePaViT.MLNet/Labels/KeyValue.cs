using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Labels;

/// <summary>The values that keys stand for, to and from text, for every type that ML.NET makes keys of.</summary>
internal static class KeyValue
{
    private static readonly Codec[] Codecs =
    [
        new TextCodec(),
        new Codec<bool>(BooleanDataViewType.Instance),
        new Codec<sbyte>(NumberDataViewType.SByte),
        new Codec<byte>(NumberDataViewType.Byte),
        new Codec<short>(NumberDataViewType.Int16),
        new Codec<ushort>(NumberDataViewType.UInt16),
        new Codec<int>(NumberDataViewType.Int32),
        new Codec<uint>(NumberDataViewType.UInt32),
        new Codec<long>(NumberDataViewType.Int64),
        new Codec<ulong>(NumberDataViewType.UInt64),
        new Codec<float>(NumberDataViewType.Single),
        new Codec<double>(NumberDataViewType.Double),
        // Without the style a time that is UTC would become local.
        new Codec<DateTime>(
            DateTimeDataViewType.Instance, "O", text => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind)),
        new Codec<DateTimeOffset>(DateTimeOffsetDataViewType.Instance, "O"),
        new Codec<TimeSpan>(TimeSpanDataViewType.Instance, "c"),
    ];

    /// <summary>The type whose raw type has this name; null if keys never stand for such values.</summary>
    public static PrimitiveDataViewType? FindType(string rawTypeName)
        => Array.Find(Codecs, codec => codec.Type.RawType.Name == rawTypeName)?.Type;

    /// <summary>The text of some value of a type.</summary>
    public static string Sample(PrimitiveDataViewType type) => CodecOf(type).Sample;

    /// <summary>A vector of values as text.</summary>
    public static string[] Read(
        DataViewSchema.Annotations annotations, DataViewSchema.Column column, PrimitiveDataViewType type)
        => CodecOf(type).Read(annotations, column);

    /// <summary>Adds a vector of values that are given as text.</summary>
    /// <exception cref="FormatException">A text is not such a value.</exception>
    public static void Add(
        DataViewSchema.Annotations.Builder builder, string name, PrimitiveDataViewType type, IReadOnlyList<string> texts)
        => CodecOf(type).Add(builder, name, texts);

    private static Codec CodecOf(PrimitiveDataViewType type) => Array.Find(Codecs, codec => codec.Type.Equals(type))!;

    private abstract class Codec(PrimitiveDataViewType type)
    {
        public PrimitiveDataViewType Type { get; } = type;

        public abstract string Sample { get; }

        public abstract string[] Read(DataViewSchema.Annotations annotations, DataViewSchema.Column column);

        public abstract void Add(DataViewSchema.Annotations.Builder builder, string name, IReadOnlyList<string> texts);

        protected static string[] Read<T>(
            DataViewSchema.Annotations annotations, DataViewSchema.Column column, Converter<T, string> format)
        {
            VBuffer<T> values = default;
            annotations.GetGetter<VBuffer<T>>(column)(ref values);
            return Array.ConvertAll(values.DenseValues().ToArray(), format);
        }

        protected void Add<T>(
            DataViewSchema.Annotations.Builder builder, string name, IReadOnlyList<string> texts, Converter<string, T> parse)
        {
            T[] values = Array.ConvertAll(texts.ToArray(), parse);
            ValueGetter<VBuffer<T>> getter = (ref VBuffer<T> target)
                => new VBuffer<T>(values.Length, values).CopyTo(ref target);
            builder.Add(name, new VectorDataViewType(Type, values.Length), getter);
        }
    }

    private sealed class Codec<T>(PrimitiveDataViewType type, string? format = null, Converter<string, T>? parse = null) : Codec(type)
        where T : struct, IParsable<T>
    {
        public override string Sample => Format(default);

        public override string[] Read(DataViewSchema.Annotations annotations, DataViewSchema.Column column)
            => Read<T>(annotations, column, Format);

        public override void Add(DataViewSchema.Annotations.Builder builder, string name, IReadOnlyList<string> texts)
            => Add(builder, name, texts, parse ?? (text => T.Parse(text, CultureInfo.InvariantCulture)));

        private string Format(T value)
            => value is IFormattable formattable ? formattable.ToString(format, CultureInfo.InvariantCulture) : $"{value}";
    }

    private sealed class TextCodec() : Codec(TextDataViewType.Instance)
    {
        public override string Sample => "";

        public override string[] Read(DataViewSchema.Annotations annotations, DataViewSchema.Column column)
            => Read<ReadOnlyMemory<char>>(annotations, column, text => text.ToString());

        public override void Add(DataViewSchema.Annotations.Builder builder, string name, IReadOnlyList<string> texts)
            => Add(builder, name, texts, text => text.AsMemory());
    }
}
