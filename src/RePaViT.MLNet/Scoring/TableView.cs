using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Scoring;

/// <summary>
/// A small table in memory. ML.NET's own tables take their schema from a class, which cannot say what keys stand for.
/// </summary>
/// <param name="schema">The columns.</param>
/// <param name="rows">The number of rows; 0 for estimators that look at columns only.</param>
/// <param name="columns">For each column a function from the row to its value, a <see cref="Func{T, TResult}"/> of long.</param>
internal sealed class TableView(DataViewSchema schema, long rows = 0, params IReadOnlyList<Delegate> columns) : IDataView
{
    public bool CanShuffle => false;

    public DataViewSchema Schema => schema;

    public long? GetRowCount() => rows;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
        => new Cursor(this, [.. columnsNeeded.Select(column => column.Index)]);

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => [GetRowCursor(columnsNeeded, rand)];

    private long Rows => rows;

    private Delegate Values(DataViewSchema.Column column) => columns[column.Index];

    private sealed class Cursor(TableView table, HashSet<int> active) : DataViewRowCursor
    {
        private long _position = -1;

        public override DataViewSchema Schema => table.Schema;

        public override long Position => _position < table.Rows ? _position : -1;

        public override long Batch => 0;

        public override bool MoveNext()
        {
            _position = Math.Min(_position + 1, table.Rows);
            return _position < table.Rows;
        }

        public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

        public override ValueGetter<DataViewRowId> GetIdGetter()
            => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Position, 0);

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
        {
            var values = (Func<long, TValue>)table.Values(column);
            return (ref TValue value) => value = values(Position);
        }
    }
}
