using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Convolutions of maps [images * places, channels] whose filters overlap: what filters see of some places is gathered and
/// multiplied while it is in the cache of a core. All at once it would be many times the map. Nothing is allocated per call.
/// </summary>
internal sealed class MapConvolution
{
    // What is gathered at a time, in floats: with the filters it stays in the second level of a cache.
    private const int FloatsPerBlock = 1 << 16;

    private readonly ThreadTeam _team;
    private readonly Action<int, int> _multiply;
    private readonly Action<int, int> _gather;
    private readonly PinnedBuffer[] _scratch;
    private readonly int[] _seen;
    private readonly int _taps;
    private readonly int _channels;
    private readonly int _rowsPerBlock;
    private Matrix _x;
    private Matrix _y;
    private PackedMatrix _filters = null!;
    private GemmEpilogue _epilogue;
    private bool _accumulate;
    private int _mapRows;
    private int _first;

    /// <param name="team">Threads to share the places.</param>
    /// <param name="seen">For each place of the result the places that a filter sees; below 0 where it sees zeros.</param>
    /// <param name="taps">How many those are.</param>
    /// <param name="channels">Channels of a map.</param>
    public MapConvolution(ThreadTeam team, int[] seen, int taps, int channels)
    {
        _team = team;
        _multiply = Multiply;
        _gather = (chunk, _) => Gather(_y.Chunk(chunk), _first + chunk * RowChunks.Size);
        (_seen, _taps, _channels) = (seen, taps, channels);
        _rowsPerBlock = RowsPerBlock(taps * channels);
        _scratch = new PinnedBuffer[team.Size];
        for (int worker = 0; worker < _scratch.Length; worker++)
        {
            _scratch[worker] = new PinnedBuffer((long)_rowsPerBlock * taps * channels);
        }
    }

    /// <summary>Writes a filter with all channels of a place together.</summary>
    /// <param name="filter">[channels, taps].</param>
    /// <param name="ordered">[taps, channels].</param>
    /// <param name="channels">Number of channels.</param>
    public static void OrderByPlace(ReadOnlySpan<float> filter, Span<float> ordered, int channels)
    {
        int taps = filter.Length / channels;
        for (int i = 0; i < ordered.Length; i++)
        {
            ordered[i] = filter[i % channels * taps + i / channels];
        }
    }

    /// <summary>y = epilogue(what filters see, times the filters), or epilogue(y + that).</summary>
    /// <param name="x">[images * places, channels].</param>
    /// <param name="filters">[taps * channels, outputs], all channels of a place together.</param>
    /// <param name="y">[images * places, outputs].</param>
    /// <param name="images">Number of images.</param>
    /// <param name="epilogue">What to do with each value at the end.</param>
    /// <param name="accumulate">Whether to start from y.</param>
    public void Forward(
        Matrix x, PackedMatrix filters, Matrix y, int images, GemmEpilogue epilogue = default, bool accumulate = false)
    {
        (_x, _filters, _y, _epilogue, _accumulate, _mapRows) = (x, filters, y, epilogue, accumulate, x.Rows / images);
        _team.Run((y.Rows + _rowsPerBlock - 1) / _rowsPerBlock, _multiply);
        _filters = null!;
    }

    /// <summary>What filters see at some places of all images, which follow each other.</summary>
    /// <param name="x">[images * places, channels].</param>
    /// <param name="first">The first place, counted through all images.</param>
    /// <param name="seen">[places, taps * channels].</param>
    /// <param name="images">Number of images.</param>
    public void Gather(Matrix x, int first, Matrix seen, int images)
    {
        (_x, _first, _y, _mapRows) = (x, first, seen, x.Rows / images);
        _team.Run(RowChunks.Count(seen.Rows), _gather);
    }

    private void Multiply(int task, int worker)
    {
        int first = task * _rowsPerBlock;
        int rows = Math.Min(_rowsPerBlock, _y.Rows - first);
        Matrix seen = _scratch[worker].AsMatrix(rows, _taps * _channels);
        Gather(seen, first);
        Gemm.MultiplyOnThisThread(seen, _filters, _y.TakeRows(first, rows), _epilogue, _accumulate);
    }

    private void Gather(Matrix seen, int first)
    {
        int places = _seen.Length / _taps;
        for (int row = 0; row < seen.Rows; row++)
        {
            (int image, int place) = Math.DivRem(first + row, places);
            Gather(_x.TakeRows(image * _mapRows, _mapRows), _seen.AsSpan(place * _taps, _taps), seen.Row(row));
        }
    }

    /// <summary>Places whose channels follow each other in memory are copied together.</summary>
    private void Gather(Matrix map, ReadOnlySpan<int> places, Span<float> to)
    {
        for (int tap = 0, count; tap < places.Length; tap += count)
        {
            int place = places[tap];
            count = 1;
            while (map.IsDense && tap + count < places.Length && places[tap + count] == (place < 0 ? place : place + count))
            {
                count++;
            }

            Span<float> target = to.Slice(tap * _channels, count * _channels);
            if (place < 0)
            {
                target.Clear();
            }
            else
            {
                (count == 1 ? map.Row(place) : map.TakeRows(place, count).AsSpan()).CopyTo(target);
            }
        }
    }

    /// <summary>Whole tiles of a product.</summary>
    private static int RowsPerBlock(int depth)
    {
        int unit = GemmTiles.Height(GemmTasks.MaxRows);
        return Math.Clamp(FloatsPerBlock / depth / unit * unit, unit, GemmTasks.MaxRows);
    }
}
