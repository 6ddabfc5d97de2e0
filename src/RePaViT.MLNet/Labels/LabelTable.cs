using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Scoring;

namespace RePaViT.MLNet.Labels;

/// <summary>The key of each class, as a table that ML.NET's MapValue looks values up in.</summary>
internal static class LabelTable
{
    /// <summary>The class, counted from 0.</summary>
    public const string Class = "Class";

    /// <summary>Its key, of the label's own type and with the label's own key values.</summary>
    public const string Label = "Label";

    public static IDataView Create(ClassKeys classes)
    {
        var schema = new DataViewSchema.Builder();
        schema.AddColumn(Class, NumberDataViewType.UInt32);
        schema.AddColumn(Label, classes.Type, classes.CreateAnnotations());
        Delegate keys = classes.Type.RawType switch
        {
            Type type when type == typeof(byte) => Keys<byte>(),
            Type type when type == typeof(ushort) => Keys<ushort>(),
            Type type when type == typeof(uint) => Keys<uint>(),
            _ => Keys<ulong>(),
        };
        return new TableView(schema.ToSchema(), classes.Count, (long row) => (uint)row, keys);
    }

    private static Func<long, T> Keys<T>()
        where T : INumberBase<T>
        => row => T.CreateChecked(row + 1);
}
