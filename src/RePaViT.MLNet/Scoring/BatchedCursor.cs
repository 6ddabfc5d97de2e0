using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace RePaViT.MLNet.Scoring;

/// <summary>
/// Reads rows ahead, scores their images at once, and hands the rows out one by one. Batches grow, so that whoever wants
/// one row does not pay for many.
/// </summary>
internal sealed class BatchedCursor : DataViewRowCursor
{
    private readonly ScoringMapper _mapper;
    private readonly DataViewRowCursor _input;
    private readonly HashSet<int> _active;
    private readonly Dictionary<int, ColumnBuffer> _columns;
    private readonly ScalarBuffer<DataViewRowId> _ids;
    private readonly ColumnBuffer[] _buffers;
    private readonly ImageBatch _images;
    private long[] _batches = [];
    private ExceptionDispatchInfo? _inputFailure;
    private bool _inputEnded;
    private int _size;
    private int _rows;
    private int _row;
    private long _position = -1;

    /// <param name="mapper">What to do.</param>
    /// <param name="input">The rows to score; disposed with this cursor.</param>
    /// <param name="active">The columns that may be requested: scores among them, and nothing that cannot be kept.</param>
    public BatchedCursor(ScoringMapper mapper, DataViewRowCursor input, IReadOnlyList<DataViewSchema.Column> active)
    {
        _mapper = mapper;
        _input = input;
        _active = [.. active.Select(column => column.Index)];
        _columns = active.Where(mapper.PassesThrough).DistinctBy(column => column.Index).ToDictionary(
            column => column.Index, column => ColumnBuffer.Create(input, mapper.InputSchema[column.Index]));
        _ids = ColumnBuffer.CreateForIds(input);
        _buffers = [_ids, .. _columns.Values];
        _images = new ImageBatch(mapper.Scorer, mapper.CreateFetcher(input));
    }

    public override DataViewSchema Schema => _mapper.OutputSchema;

    public override long Position => IsOnRow ? _position : -1;

    public override long Batch => IsOnRow ? _batches[_row] : 0;

    public override bool MoveNext()
    {
        if (++_row >= _rows)
        {
            ReadAhead();
        }

        _position++;
        return IsOnRow;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ValueGetter<DataViewRowId>)_ids.CreateGetter(CurrentRow);

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        ScoringMapper.ThrowUnlessActive(this, column);
        return _mapper.PassesThrough(column)
            ? ScoringMapper.As<TValue>(_columns[column.Index].CreateGetter(CurrentRow), column)
            : _mapper.CreateGetter<TValue>(column, ReadScores);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool IsOnRow => _row < _rows;

    private int CurrentRow()
        => IsOnRow ? _row : throw new InvalidOperationException("The cursor is not on a row.");

    private ReadOnlySpan<float> ReadScores()
    {
        ReadOnlySpan<float> scores = _images.Scores(CurrentRow(), out Exception? failure);
        return failure is null ? scores : throw _mapper.Failure(_position, failure);
    }

    private void ReadAhead()
    {
        (_rows, _row) = (0, 0);
        _inputFailure?.Throw();
        if (_inputEnded)
        {
            return;
        }

        Grow();
        try
        {
            while (_rows < _size && !_inputEnded)
            {
                if (_input.MoveNext())
                {
                    ReadRow(_rows++);
                }
                else
                {
                    _inputEnded = true;
                }
            }
        }
        catch (Exception exception) when (_rows > 0)
        {
            // The rows before come out first.
            _inputFailure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    private void Grow()
    {
        int size = Math.Clamp(2 * _size, 1, _mapper.Scorer.ImagesPerBatch);
        if (size != _size)
        {
            _size = size;
            Array.Resize(ref _batches, size);
            foreach (ColumnBuffer buffer in _buffers)
            {
                buffer.Resize(size);
            }
        }

        _images.Clear(size);
    }

    private void ReadRow(int slot)
    {
        _batches[slot] = _input.Batch;
        foreach (ColumnBuffer buffer in _buffers)
        {
            buffer.Read(slot);
        }

        _images.Read();
    }
}
