using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Means over square windows of maps, on a team of threads: first down the lines that a window covers, then along a line.
/// Nothing is allocated per call.
/// </summary>
internal sealed class AveragePooling
{
    private readonly ThreadTeam _team;
    private readonly ScratchBuffer _sums = new();
    private readonly Action<int, int> _pool;
    private readonly Action<int, int> _mix;
    private readonly Action<int, int> _spread;
    private Matrix _x;
    private Matrix _y;
    private Matrix _scratch;
    private int _size;
    private int _reach;
    private bool _accumulate;

    public AveragePooling(ThreadTeam team)
    {
        _team = team;
        _pool = (line, worker) => PoolLine(line, _scratch.Row(worker));
        _mix = (line, worker) => MixLine(line, _scratch.Row(worker));
        _spread = (line, worker) => SpreadLine(line, _scratch.Row(worker));
    }

    /// <summary>y = means over the windows around the places of x, over those of their places that are on the map.</summary>
    /// <param name="x">[images * size * size, columns].</param>
    /// <param name="y">The same, elsewhere.</param>
    /// <param name="size">Width and height of a map.</param>
    /// <param name="reach">How far a window reaches to each side.</param>
    public void Pool(Matrix x, Matrix y, int size, int reach) => Run(x, y, size, reach, _pool);

    /// <summary>y += means over the windows around the places of x, less x.</summary>
    public void AddDifference(Matrix x, Matrix y, int size, int reach) => Run(x, y, size, reach, _mix);

    /// <summary>The way back of <see cref="Pool"/>: every place of y gets (or has added) its share of each window of x that covers it.</summary>
    public void Spread(Matrix x, Matrix y, int size, int reach, bool accumulate)
    {
        _accumulate = accumulate;
        Run(x, y, size, reach, _spread);
    }

    private void Run(Matrix x, Matrix y, int size, int reach, Action<int, int> body)
    {
        (_x, _y, _size, _reach) = (x, y, size, Math.Min(reach, size));

        // The sums of a line, and after them room for one place.
        _scratch = _sums.AsMatrix(_team.Size, (size + 1) * x.Columns);
        _team.Run(x.Rows / size, body);
    }

    /// <summary>How many lines or columns of a window around one of them are on the map.</summary>
    private int CountAround(int place) => Math.Min(_size - 1, place + _reach) - Math.Max(0, place - _reach) + 1;

    private void PoolLine(int line, Span<float> sums)
    {
        int height = SumLines(line, sums);
        for (int place = 0; place < _size; place++)
        {
            AverageAlong(place, height, sums, _y.Row(line * _size + place));
        }
    }

    private void MixLine(int line, Span<float> sums)
    {
        int height = SumLines(line, sums);
        Span<float> mean = Place(sums, _size);
        for (int place = 0; place < _size; place++)
        {
            Span<float> y = _y.Row(line * _size + place);
            AverageAlong(place, height, sums, mean);
            TensorPrimitives.Subtract(mean, _x.Row(line * _size + place), mean);
            TensorPrimitives.Add(y, mean, y);
        }
    }

    private void SpreadLine(int line, Span<float> sums)
    {
        Place(sums, 0, _size).Clear();
        int within = line % _size;
        for (int other = Math.Max(0, within - _reach); other <= Math.Min(_size - 1, within + _reach); other++)
        {
            float share = 1f / CountAround(other);
            for (int place = 0; place < _size; place++)
            {
                Span<float> sum = Place(sums, place);
                TensorPrimitives.MultiplyAdd(_x.Row((line - within + other) * _size + place), share / CountAround(place), sum, sum);
            }
        }

        for (int place = 0; place < _size; place++)
        {
            Span<float> y = _y.Row(line * _size + place);
            if (!_accumulate)
            {
                y.Clear();
            }

            for (int other = Math.Max(0, place - _reach); other <= Math.Min(_size - 1, place + _reach); other++)
            {
                TensorPrimitives.Add(y, Place(sums, other), y);
            }
        }
    }

    /// <summary>For each place of a line, the sum of the lines of the window around it.</summary>
    /// <returns>How many lines these are.</returns>
    private int SumLines(int line, Span<float> sums)
    {
        int within = line % _size;
        int first = Math.Max(0, within - _reach);
        int last = Math.Min(_size - 1, within + _reach);
        int top = line - within;
        if (_x.IsDense)
        {
            Span<float> all = Place(sums, 0, _size);
            Line(top + first).CopyTo(all);
            for (int other = first + 1; other <= last; other++)
            {
                TensorPrimitives.Add(all, Line(top + other), all);
            }

            return last - first + 1;
        }

        for (int place = 0; place < _size; place++)
        {
            Span<float> sum = Place(sums, place);
            _x.Row((top + first) * _size + place).CopyTo(sum);
            for (int other = first + 1; other <= last; other++)
            {
                TensorPrimitives.Add(sum, _x.Row((top + other) * _size + place), sum);
            }
        }

        return last - first + 1;
    }

    private void AverageAlong(int place, int height, Span<float> sums, Span<float> mean)
    {
        int first = Math.Max(0, place - _reach);
        int last = Math.Min(_size - 1, place + _reach);
        float share = 1f / (height * (last - first + 1));
        if (first == last)
        {
            TensorPrimitives.Multiply(Place(sums, first), share, mean);
            return;
        }

        ReadOnlySpan<float> sum = Place(sums, first);
        for (int other = first + 1; other < last; other++)
        {
            TensorPrimitives.Add(sum, Place(sums, other), mean);
            sum = mean;
        }

        TensorPrimitives.AddMultiply(sum, Place(sums, last), share, mean);
    }

    private ReadOnlySpan<float> Line(int line) => _x.TakeRows(line * _size, _size).AsSpan();

    private Span<float> Place(Span<float> line, int place, int count = 1) => line.Slice(place * _x.Columns, count * _x.Columns);
}
