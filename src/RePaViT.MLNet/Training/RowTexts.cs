using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.IO;

namespace RePaViT.MLNet.Training;

/// <summary>
/// What the texts of some rows are, the path of a file among them: it tells the user which rows are meant. Read in a
/// pass of its own, so that it costs nothing as long as nothing is wrong.
/// </summary>
internal sealed class RowTexts
{
    private const int MaxLength = 200;
    private const int MaxColumns = 5;

    private readonly Dictionary<int, string> _texts = [];

    /// <param name="data">The rows.</param>
    /// <param name="rows">Rows, counted from 0, in ascending order.</param>
    public RowTexts(IDataView data, int[] rows)
    {
        Rows = rows;
        DataViewSchema.Column[] columns = [.. data.Schema.Where(column => !column.IsHidden && column.Type is TextDataViewType).Take(MaxColumns)];
        try
        {
            Read(data, columns);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // These columns were not requested otherwise. Errors in them are not what the user has to know now.
        }
    }

    public int[] Rows { get; }

    /// <summary>The texts of a row in brackets, or nothing.</summary>
    public string Describe(int row) => _texts.ContainsKey(row) ? $" ({Of(row)})" : "";

    /// <summary>The texts of a row, or nothing.</summary>
    public string Of(int row) => _texts.GetValueOrDefault(row, "");

    private void Read(IDataView data, DataViewSchema.Column[] columns)
    {
        if (columns.Length == 0)
        {
            return;
        }

        using DataViewRowCursor cursor = data.GetRowCursor(columns);
        ValueGetter<ReadOnlyMemory<char>>[] getters = Array.ConvertAll(columns, cursor.GetGetter<ReadOnlyMemory<char>>);
        int position = -1;
        foreach (int row in Rows)
        {
            while (position < row && cursor.MoveNext())
            {
                position++;
            }

            _texts[row] = string.Join(", ", columns.Zip(getters, (column, getter) => $"{Excerpt.Of(column.Name)} '{Value(getter)}'"));
        }
    }

    private static string Value(ValueGetter<ReadOnlyMemory<char>> getter)
    {
        ReadOnlyMemory<char> value = default;
        getter(ref value);
        return Excerpt.Of(value.Span, MaxLength);
    }
}
