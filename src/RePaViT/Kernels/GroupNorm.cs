using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Kernels;

/// <summary>
/// Group normalization of one group: y = (x - mean) / sqrt(variance + eps) weight + bias with the statistics of all rows and
/// columns of an image, on a team of threads. Sums are made per chunk of rows, and then over the chunks of an image in order.
/// Nothing is allocated per call.
/// </summary>
internal sealed class GroupNorm
{
    private readonly ThreadTeam _team;
    private readonly ScratchBuffer _ownStatistics = new();
    private readonly ScratchBuffer _rows = new();
    private readonly ScratchBuffer _sums = new();
    private readonly Action<int, int> _gather;
    private readonly Action<int, int> _normalize;
    private readonly Action<int, int> _gatherGradient;
    private readonly Action<int, int> _backward;
    private double[] _moments = [];
    private Matrix _x;
    private Matrix _y;
    private Matrix _dy;
    private Matrix _weight;
    private Matrix _bias;
    private Matrix _statistics;
    private Matrix _scratch;
    private Matrix _chunkSums;
    private int _rowsPerImage;
    private int _chunksPerImage;
    private bool _accumulate;

    public GroupNorm(ThreadTeam team)
    {
        _team = team;
        _gather = (task, _) => GatherMoments(Chunk(_x, task), _moments.AsSpan(2 * task, 2));
        _normalize = (task, _) => Normalize(task);
        _gatherGradient = (task, worker) => GatherGradient(task, _scratch.Row(worker));
        _backward = (task, worker) => Backward(task, _scratch.Row(worker));
    }

    /// <summary>Normalizes each image, and keeps nothing.</summary>
    public void Forward(Matrix x, Matrix y, Matrix weight, Matrix bias, float epsilon, int images)
        => Forward(x, y, weight, bias, epsilon, _ownStatistics.AsMatrix(images, 2));

    /// <summary>Normalizes each image.</summary>
    /// <param name="x">[images * rows, columns].</param>
    /// <param name="y">The result; may be x itself.</param>
    /// <param name="weight">[1, columns].</param>
    /// <param name="bias">[1, columns].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="statistics">Where to keep mean and 1/deviation of each image, [images, 2].</param>
    public void Forward(Matrix x, Matrix y, Matrix weight, Matrix bias, float epsilon, Matrix statistics)
    {
        (_x, _y, _weight, _bias, _statistics) = (x, y, weight, bias, statistics);
        int tasks = Begin(x.Rows, statistics.Rows);
        _team.Run(tasks, _gather);
        for (int image = 0; image < statistics.Rows; image++)
        {
            Combine(image, epsilon, statistics.Row(image));
        }

        _team.Run(tasks, _normalize);
    }

    /// <summary>
    /// The gradient of x, and added to theirs those of weight and bias: with xh = (x - mean) scale and dh = dy weight,
    /// dx = scale (dh - mean(dh) - xh mean(dh xh)), where the means are over an image.
    /// </summary>
    /// <param name="x">The input of the forward pass.</param>
    /// <param name="statistics">What the forward pass kept.</param>
    /// <param name="weight">[1, columns].</param>
    /// <param name="dy">The gradient of the output.</param>
    /// <param name="dx">The result; may be dy itself.</param>
    /// <param name="accumulate">Whether to add to dx.</param>
    /// <param name="dWeight">The gradient of the weight.</param>
    /// <param name="dBias">The gradient of the bias.</param>
    public void Backward(
        Matrix x, Matrix statistics, Matrix weight, Matrix dy, Matrix dx, bool accumulate, Span<float> dWeight, Span<float> dBias)
    {
        (_x, _statistics, _weight, _dy, _y, _accumulate) = (x, statistics, weight, dy, dx, accumulate);
        int tasks = Begin(x.Rows, statistics.Rows);
        _scratch = _rows.AsMatrix(_team.Size, x.Columns);
        _chunkSums = _sums.AsMatrix(2 * tasks, x.Columns);
        _team.Run(tasks, _gatherGradient);
        for (int image = 0; image < statistics.Rows; image++)
        {
            double gradient = 0;
            double product = 0;
            for (int task = image * _chunksPerImage; task < (image + 1) * _chunksPerImage; task++)
            {
                TensorPrimitives.Add(dWeight, _chunkSums.Row(2 * task), dWeight);
                TensorPrimitives.Add(dBias, _chunkSums.Row(2 * task + 1), dBias);
                product += Reduce.Dot(_chunkSums.Row(2 * task), weight.AsSpan());
                gradient += Reduce.Dot(_chunkSums.Row(2 * task + 1), weight.AsSpan());
            }

            double length = (double)_rowsPerImage * x.Columns;
            _moments[2 * image * _chunksPerImage] = gradient / length;
            _moments[2 * image * _chunksPerImage + 1] = product / length;
        }

        _team.Run(tasks, _backward);
    }

    /// <returns>Number of chunks of all images.</returns>
    private int Begin(int rows, int images)
    {
        _rowsPerImage = rows / images;
        _chunksPerImage = RowChunks.Count(_rowsPerImage);
        int tasks = images * _chunksPerImage;
        if (_moments.Length < 2 * tasks)
        {
            _moments = new double[2 * tasks];
        }

        return tasks;
    }

    private Matrix Chunk(Matrix matrix, int task)
        => matrix.TakeRows(task / _chunksPerImage * _rowsPerImage, _rowsPerImage).Chunk(task % _chunksPerImage);

    /// <summary>The mean, and the sum of squares around it.</summary>
    private static unsafe void GatherMoments(Matrix x, Span<double> moments)
    {
        double sum = 0;
        for (int row = 0; row < x.Rows; row++)
        {
            sum += Reduce.Sum(x.Data + (long)row * x.Stride, x.Columns);
        }

        double length = (double)x.Rows * x.Columns;
        float center = (float)(sum / length);
        double squares = 0;
        for (int row = 0; row < x.Rows; row++)
        {
            squares += Reduce.SumOfSquares(x.Data + (long)row * x.Stride, center, x.Columns);
        }

        double rounding = sum / length - center;
        moments[0] = sum / length;
        moments[1] = squares - length * rounding * rounding;
    }

    /// <summary>Mean and 1/deviation of an image from those of its chunks.</summary>
    private void Combine(int image, float epsilon, Span<float> statistics)
    {
        double count = 0;
        double mean = 0;
        double squares = 0;
        for (int chunk = 0; chunk < _chunksPerImage; chunk++)
        {
            ReadOnlySpan<double> moments = _moments.AsSpan(2 * (image * _chunksPerImage + chunk), 2);
            double more = (double)Math.Min(RowChunks.Size, _rowsPerImage - chunk * RowChunks.Size) * _x.Columns;
            double difference = moments[0] - mean;
            count += more;
            mean += difference * more / count;
            squares += moments[1] + difference * difference * more * (count - more) / count;
        }

        statistics[0] = (float)mean;
        statistics[1] = (float)(1 / Math.Sqrt(squares / count + epsilon));
    }

    private void Normalize(int task)
    {
        ReadOnlySpan<float> statistics = _statistics.Row(task / _chunksPerImage);
        LayerNorm.Normalize(Chunk(_x, task), Chunk(_y, task), _weight, _bias, statistics[0], statistics[1]);
    }

    private void GatherGradient(int task, Span<float> normalized)
    {
        ReadOnlySpan<float> statistics = _statistics.Row(task / _chunksPerImage);
        (Matrix x, Matrix dy) = (Chunk(_x, task), Chunk(_dy, task));
        Span<float> dWeight = _chunkSums.Row(2 * task);
        Span<float> dBias = _chunkSums.Row(2 * task + 1);
        dWeight.Clear();
        dBias.Clear();
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.Subtract(x.Row(row), statistics[0], normalized);
            TensorPrimitives.Multiply(normalized, statistics[1], normalized);
            TensorPrimitives.MultiplyAdd(normalized, dy.Row(row), dWeight, dWeight);
            TensorPrimitives.Add(dBias, dy.Row(row), dBias);
        }
    }

    private void Backward(int task, Span<float> gradient)
    {
        int image = task / _chunksPerImage;
        ReadOnlySpan<float> statistics = _statistics.Row(image);
        float meanOfGradient = (float)_moments[2 * image * _chunksPerImage];
        float meanOfProduct = (float)_moments[2 * image * _chunksPerImage + 1];
        (Matrix x, Matrix dy, Matrix dx) = (Chunk(_x, task), Chunk(_dy, task), Chunk(_y, task));

        // xh mean(dh xh) + mean(dh) = slope x + offset.
        float slope = statistics[1] * meanOfProduct;
        float offset = meanOfGradient - statistics[0] * slope;
        for (int row = 0; row < x.Rows; row++)
        {
            TensorPrimitives.Multiply(dy.Row(row), _weight.AsSpan(), gradient);
            TensorPrimitives.MultiplyAdd(x.Row(row), -slope, gradient, gradient);
            TensorPrimitives.Subtract(gradient, offset, gradient);
            if (_accumulate)
            {
                TensorPrimitives.MultiplyAdd(gradient, statistics[1], dx.Row(row), dx.Row(row));
            }
            else
            {
                TensorPrimitives.Multiply(gradient, statistics[1], dx.Row(row));
            }
        }
    }
}
