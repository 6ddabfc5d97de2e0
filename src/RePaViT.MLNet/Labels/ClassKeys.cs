using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.IO;

namespace RePaViT.MLNet.Labels;

/// <summary>
/// The classes as the label column knows them: a key type and, for each key, the value that it stands for. What predicts
/// labels has to give out the same.
/// </summary>
internal sealed class ClassKeys
{
    private const string KeyValues = "KeyValues";
    private const string SlotNames = "SlotNames";

    // Far more than anybody tells apart. The keys of hashes have millions.
    private const int MaxCount = 1 << 20;

    private ClassKeys(KeyDataViewType type, PrimitiveDataViewType? valueType, IReadOnlyList<string> names)
    {
        Type = type;
        ValueType = valueType;
        Names = names;
    }

    /// <summary>Key 1 is the first class, 0 a missing label.</summary>
    public KeyDataViewType Type { get; }

    /// <summary>The type of what keys stand for; null where they stand for nothing but themselves.</summary>
    public PrimitiveDataViewType? ValueType { get; }

    /// <summary>The values as text, one for each class; "0", "1", ... where there are none.</summary>
    public IReadOnlyList<string> Names { get; }

    public int Count => Names.Count;

    /// <summary>Classes that are known by name only: what MapValueToKey makes of text.</summary>
    public static ClassKeys FromNames(IReadOnlyList<string> names)
        => new(new KeyDataViewType(typeof(uint), names.Count), TextDataViewType.Instance, names);

    /// <summary>Puts together what <see cref="Type"/>, <see cref="ValueType"/> and <see cref="Names"/> were.</summary>
    /// <exception cref="InvalidDataException">They do not fit together.</exception>
    public static ClassKeys Create(string keyType, string? valueType, IReadOnlyList<string> names)
    {
        Type rawType = Array.Find(KeyTypes, type => type.Name == keyType)
            ?? throw new InvalidDataException($"The key type '{Excerpt.Of(keyType)}' of the label is not known.");
        if (!KeyDataViewTypeHolds(rawType, names.Count))
        {
            throw new InvalidDataException($"Key type '{keyType}' cannot tell {names.Count} classes apart.");
        }

        PrimitiveDataViewType? values = valueType is null
            ? null
            : KeyValue.FindType(valueType) ?? throw new InvalidDataException($"Key values of type '{Excerpt.Of(valueType)}' are not known.");
        var keys = new ClassKeys(new KeyDataViewType(rawType, names.Count), values, names);
        try
        {
            keys.CreateAnnotations();
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            throw new InvalidDataException(
                $"A class name is not a value of type '{valueType}'. {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }

        return keys;
    }

    /// <summary>The classes of a label column.</summary>
    /// <exception cref="ArgumentException">The column is not a key, or what its keys stand for cannot be kept.</exception>
    public static ClassKeys Of(DataViewSchema.Column column)
    {
        if (column.Type is not KeyDataViewType type)
        {
            throw new ArgumentException(
                $"Column '{column.Name}' of type {column.Type} is not a label: a key is needed, such as Conversion.MapValueToKey makes.");
        }

        if (type.Count > MaxCount)
        {
            throw new ArgumentException(
                $"Column '{column.Name}' has {type.Count} classes, but at most {MaxCount} are accepted. Is it a label, or a hash?");
        }

        int count = (int)type.Count;
        if (column.Annotations.Schema.GetColumnOrNull(KeyValues) is not { Type: VectorDataViewType vector } values)
        {
            return new ClassKeys(type, null, [.. Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture))]);
        }

        if (KeyValue.FindType(vector.ItemType.RawType.Name) is not PrimitiveDataViewType valueType)
        {
            throw new ArgumentException(
                $"The keys of column '{column.Name}' stand for values of type {vector.ItemType}, which cannot be stored with a model. "
                + "Text, Boolean, whole and floating-point numbers, dates and time spans can.");
        }

        string[] names = KeyValue.Read(column.Annotations, values, valueType);
        for (int i = 0; i < names.Length; i++)
        {
            UnicodeText.ThrowUnlessStorable(names[i], $"The value of key {i + 1} of column '{column.Name}'");
        }

        return names.Length == count
            ? new ClassKeys(type, valueType, names)
            : throw new ArgumentException($"Column '{column.Name}' has {count} classes, but values for {names.Length} keys.");
    }

    /// <summary>The same classes in the same order, whatever the type of the key.</summary>
    public bool HasSameClasses(ClassKeys other)
        => Equals(ValueType, other.ValueType) && Names.SequenceEqual(other.Names, StringComparer.Ordinal);

    /// <summary>Reads labels of a row or cursor: 0 for a missing one, otherwise the class counted from 1.</summary>
    public static Func<ulong> CreateReader(DataViewRow row, DataViewSchema.Column column)
        => column.Type.RawType switch
        {
            Type type when type == typeof(byte) => Read<byte>(row, column),
            Type type when type == typeof(ushort) => Read<ushort>(row, column),
            Type type when type == typeof(uint) => Read<uint>(row, column),
            _ => Read<ulong>(row, column),
        };

    /// <summary>What goes with a column of such keys, so that MapKeyToValue works on it.</summary>
    public DataViewSchema.Annotations CreateAnnotations()
    {
        var builder = new DataViewSchema.Annotations.Builder();
        if (ValueType is not null)
        {
            KeyValue.Add(builder, KeyValues, ValueType, Names);
        }

        return builder.ToAnnotations();
    }

    /// <summary>Adds the names as those of a vector's slots.</summary>
    public void AddSlotNames(DataViewSchema.Annotations.Builder builder)
        => KeyValue.Add(builder, SlotNames, TextDataViewType.Instance, Names);

    private static Type[] KeyTypes => [typeof(byte), typeof(ushort), typeof(uint), typeof(ulong)];

    private static bool KeyDataViewTypeHolds(Type rawType, int count) => count >= 1 && rawType switch
    {
        _ when rawType == typeof(byte) => count <= byte.MaxValue,
        _ when rawType == typeof(ushort) => count <= ushort.MaxValue,
        _ => true,
    };

    private static Func<ulong> Read<T>(DataViewRow row, DataViewSchema.Column column)
        where T : unmanaged, IConvertible
    {
        ValueGetter<T> getter = row.GetGetter<T>(column);
        T value = default;
        return () =>
        {
            getter(ref value);
            return value.ToUInt64(CultureInfo.InvariantCulture);
        };
    }
}
