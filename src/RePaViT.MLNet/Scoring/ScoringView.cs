using Microsoft.ML;

namespace RePaViT.MLNet.Scoring;

/// <summary>Data with scores. Nothing is read or computed before a cursor moves.</summary>
internal sealed class ScoringView(ScoringMapper mapper, IDataView input) : IDataView
{
    public bool CanShuffle => input.CanShuffle;

    public DataViewSchema Schema => mapper.OutputSchema;

    public long? GetRowCount() => input.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        DataViewSchema.Column[] active = [.. columnsNeeded];
        return Wrap(input.GetRowCursor(mapper.GetDependencies(active), rand), active);
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        DataViewSchema.Column[] active = [.. columnsNeeded];
        return Array.ConvertAll(
            input.GetRowCursorSet(mapper.GetDependencies(active), n, rand), cursor => Wrap(cursor, active));
    }

    private DataViewRowCursor Wrap(DataViewRowCursor cursor, DataViewSchema.Column[] active)
    {
        bool isScored = !active.All(mapper.PassesThrough);
        bool canReadAhead = active.Where(mapper.PassesThrough).All(column => ColumnBuffer.CanHold(column.Type));
        return isScored && canReadAhead
            ? new BatchedCursor(mapper, cursor, active)
            : new RowByRowCursor(mapper, cursor, active);
    }
}
