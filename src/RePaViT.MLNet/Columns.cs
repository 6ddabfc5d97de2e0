using System.Runtime.CompilerServices;
using Microsoft.ML;
using RePaViT.IO;

namespace RePaViT.MLNet;

/// <summary>Columns and their names.</summary>
internal static class Columns
{
    /// <summary>What to say where a column of images is missing.</summary>
    public const string DroppedImages =
        " If it held decoded images: Cache, AppendCacheCheckpoint and ShuffleRows drop such columns; bytes of image files "
        + "(LoadRawImageBytes) pass through them.";

    /// <exception cref="ArgumentException">This is not the name of a column, or not one that can be stored.</exception>
    public static void ThrowUnlessNamed(string value, [CallerArgumentExpression(nameof(value))] string name = "")
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            throw new ArgumentException($"{name} '{value}' is not accepted: the name of a column is needed.");
        }

        UnicodeText.ThrowUnlessStorable(value, name);
    }

    /// <param name="schema">Where to look.</param>
    /// <param name="name">The name.</param>
    /// <param name="remark">A further hint for the user if it is missing.</param>
    /// <exception cref="ArgumentException">There is no such column; the message lists those there are.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name, string remark = "")
        => schema.GetColumnOrNull(name)
            ?? throw Missing(name, schema.Where(column => !column.IsHidden).Select(column => column.Name), remark);

    /// <exception cref="ArgumentException">There is no such column; the message lists those there are.</exception>
    public static SchemaShape.Column Find(SchemaShape schema, string name, string remark = "")
    {
        foreach (SchemaShape.Column column in schema)
        {
            if (column.Name == name)
            {
                return column;
            }
        }

        throw Missing(name, schema.Select(column => column.Name), remark);
    }

    private static ArgumentException Missing(string name, IEnumerable<string> present, string remark)
        => new($"There is no column '{Excerpt.Of(name)}'. The columns are: {Excerpt.OfList(present)}.{remark}");
}
