using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Scoring;

/// <summary>A row of the input with its scores, which are computed when they are requested.</summary>
internal sealed class ScoringRow : DataViewRow
{
    private readonly ScoringMapper _mapper;
    private readonly DataViewRow _input;
    private readonly HashSet<int> _active;
    private readonly Lazy<ImageFetcher> _fetch;
    private float[] _pixels = [];
    private float[] _scores = [];
    private long _scoredPosition = -1;

    /// <param name="mapper">What to do.</param>
    /// <param name="input">The row to score; disposed with this one.</param>
    /// <param name="active">The columns that may be requested.</param>
    public ScoringRow(ScoringMapper mapper, DataViewRow input, IEnumerable<DataViewSchema.Column> active)
    {
        _mapper = mapper;
        _input = input;
        _active = [.. active.Select(column => column.Index)];
        _fetch = new Lazy<ImageFetcher>(() => mapper.CreateFetcher(input));
    }

    public override DataViewSchema Schema => _mapper.OutputSchema;

    public override long Position => _input.Position;

    public override long Batch => _input.Batch;

    public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        ScoringMapper.ThrowUnlessActive(this, column);
        return _mapper.PassesThrough(column)
            ? _input.GetGetter<TValue>(_mapper.InputSchema[column.Index])
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

    private ReadOnlySpan<float> ReadScores()
    {
        long position = Position;
        if (position < 0)
        {
            throw new InvalidOperationException("There is no row here.");
        }

        if (position != _scoredPosition)
        {
            Score(position);
            _scoredPosition = position;
        }

        return _scores;
    }

    private void Score(long position)
    {
        if (_pixels.Length == 0)
        {
            _pixels = new float[_mapper.Scorer.ImageLength];
            _scores = new float[_mapper.Scorer.Length];
        }

        try
        {
            _mapper.Scorer.Prepare(_fetch.Value(), _pixels);
        }
        catch (Exception exception)
        {
            throw _mapper.Failure(position, exception);
        }

        _mapper.Scorer.Score(_pixels, _scores);
    }
}
