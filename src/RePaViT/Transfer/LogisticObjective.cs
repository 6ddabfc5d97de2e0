using System.Numerics.Tensors;
using RePaViT.Threading;

namespace RePaViT.Transfer;

/// <summary>
/// What multinomial logistic regression minimizes, over scaled features x with a 1 after them, for parameters W [classes, dim + 1]
/// whose last column b is the bias:
/// <code>
/// f(W) = sum over rows of s (log sum exp(W x) - (W x)[label]) + penalty / 2 |W without b|^2 + bias penalty / 2 |b|^2
/// </code>
/// The weights s add up to 1. Images are divided into blocks, whose sums are added up in order: the same bits on any number of threads.
/// </summary>
internal sealed class LogisticObjective
{
    /// <summary>
    /// It makes the optimum unique, also of a class without images, and is too small to be seen otherwise: biases may all grow
    /// together without changing a probability.
    /// </summary>
    public const double BiasPenalty = 1e-5;

    private const int MaxBlocks = 32;

    // Rows that meet each class's parameters while they are in the cache.
    private const int RowsAtOnce = 32;

    private readonly FeatureSet _features;
    private readonly FeatureScaling _scaling;
    private readonly double[] _weights;
    private readonly ThreadTeam _team;
    private readonly Block[] _blocks;

    /// <param name="features">The rows.</param>
    /// <param name="scaling">What makes them x.</param>
    /// <param name="weights">What each image counts, shared by its rows; together 1.</param>
    /// <param name="penalty">Above 0.</param>
    /// <param name="team">Shares the work.</param>
    public LogisticObjective(FeatureSet features, FeatureScaling scaling, double[] weights, double penalty, ThreadTeam team)
    {
        (_features, _scaling, _weights, Penalty, _team) = (features, scaling, weights, penalty, team);
        Columns = features.Dim + 1;
        int blocks = Math.Min(features.Count, MaxBlocks);
        _blocks = [.. Enumerable.Range(0, blocks).Select(
            i => new Block(this, (int)((long)features.Count * i / blocks), (int)((long)features.Count * (i + 1) / blocks)))];
    }

    public double Penalty { get; set; }

    /// <summary>Parameters of a class.</summary>
    public int Columns { get; }

    /// <summary>Number of parameters.</summary>
    public int Length => _features.Classes * Columns;

    /// <summary>Computes f and its gradient, and keeps the probabilities for <see cref="MultiplyHessian"/>.</summary>
    public double Compute(double[] parameters, double[] gradient)
    {
        _team.Run(_blocks.Length, (block, _) => _blocks[block].Differentiate(parameters));
        return _blocks.Sum(block => block.Loss) + AddUp(parameters, gradient);
    }

    /// <summary>The product of the second derivatives, where f was computed last, with a direction.</summary>
    public void MultiplyHessian(double[] direction, double[] product)
    {
        _team.Run(_blocks.Length, (block, _) => _blocks[block].MultiplyHessian(direction));
        AddUp(direction, product);
    }

    /// <summary>The sums of all blocks, and the penalty's derivative; returns the penalty.</summary>
    private double AddUp(double[] parameters, double[] sums)
    {
        Array.Clear(sums);
        foreach (Block block in _blocks)
        {
            TensorPrimitives.Add(sums, block.Sums, sums);
        }

        double penalty = 0;
        for (int start = 0; start < sums.Length; start += Columns)
        {
            ReadOnlySpan<double> row = parameters.AsSpan(start, Columns);
            Span<double> sum = sums.AsSpan(start, Columns);
            TensorPrimitives.MultiplyAdd(row[..^1], Penalty, sum[..^1], sum[..^1]);
            sum[^1] += BiasPenalty * row[^1];
            penalty += (Penalty * TensorPrimitives.SumOfSquares(row[..^1]) + BiasPenalty * row[^1] * row[^1]) / 2;
        }

        return penalty;
    }

    /// <summary>Some images, and memory to add up what they give.</summary>
    private sealed class Block
    {
        private readonly LogisticObjective _whole;
        private readonly (int Image, int View)[] _rows;
        private readonly double[] _x;
        private readonly double[] _z;
        private readonly float[] _probabilities;

        public Block(LogisticObjective whole, int first, int end)
        {
            _whole = whole;
            FeatureSet features = whole._features;
            _rows = [.. from image in Enumerable.Range(first, end - first)
                        from view in Enumerable.Range(0, features.ViewsOf(image))
                        select (image, view)];
            _x = new double[RowsAtOnce * whole.Columns];
            _z = new double[RowsAtOnce * features.Classes];
            _probabilities = new float[(long)_rows.Length * features.Classes];
            Sums = new double[whole.Length];
        }

        public double Loss { get; private set; }

        public double[] Sums { get; }

        private int Classes => _whole._features.Classes;

        public void Differentiate(double[] parameters)
        {
            Loss = 0;
            ForEachTile(parameters, (row, z) =>
            {
                (int image, int view) = _rows[row];
                int label = _whole._features.Labels[image];
                double most = TensorPrimitives.Max<double>(z);
                double labeled = z[label] - most;
                TensorPrimitives.Subtract(z, most, z);
                TensorPrimitives.Exp(z, z);
                double sum = TensorPrimitives.Sum<double>(z);
                double weight = WeightOf(image);
                Loss += weight * (Math.Log(sum) - labeled);
                TensorPrimitives.Divide(z, sum, z);
                TensorPrimitives.ConvertTruncating<double, float>(z, ProbabilitiesOf(row));
                z[label] -= 1;
                TensorPrimitives.Multiply(z, weight, z);
            });
        }

        /// <summary>Of each row s (p u - p (p' u)) x', u = V x.</summary>
        public void MultiplyHessian(double[] direction) => ForEachTile(direction, (row, u) =>
        {
            Span<float> p = ProbabilitiesOf(row);
            double mean = 0;
            for (int c = 0; c < u.Length; c++)
            {
                mean += p[c] * u[c];
            }

            double weight = WeightOf(_rows[row].Image);
            for (int c = 0; c < u.Length; c++)
            {
                u[c] = weight * p[c] * (u[c] - mean);
            }
        });

        /// <summary>Adds up g x' over all rows, where g is what a function makes of W x.</summary>
        private void ForEachTile(double[] matrix, RowFunction function)
        {
            Array.Clear(Sums);
            int columns = _whole.Columns;
            for (int start = 0; start < _rows.Length; start += RowsAtOnce)
            {
                int rows = Math.Min(RowsAtOnce, _rows.Length - start);
                for (int row = 0; row < rows; row++)
                {
                    (int image, int view) = _rows[start + row];
                    Span<double> x = _x.AsSpan(row * columns, columns);
                    _whole._scaling.Apply(_whole._features.Row(image, view), x[..^1]);
                    x[^1] = 1;
                }

                for (int c = 0; c < Classes; c++)
                {
                    for (int row = 0; row < rows; row++)
                    {
                        _z[row * Classes + c] = TensorPrimitives.Dot<double>(
                            matrix.AsSpan(c * columns, columns), _x.AsSpan(row * columns, columns));
                    }
                }

                for (int row = 0; row < rows; row++)
                {
                    function(start + row, _z.AsSpan(row * Classes, Classes));
                }

                for (int c = 0; c < Classes; c++)
                {
                    Span<double> sums = Sums.AsSpan(c * columns, columns);
                    for (int row = 0; row < rows; row++)
                    {
                        TensorPrimitives.MultiplyAdd(_x.AsSpan(row * columns, columns), _z[row * Classes + c], sums, sums);
                    }
                }
            }
        }

        private double WeightOf(int image) => _whole._weights[image] / _whole._features.ViewsOf(image);

        private Span<float> ProbabilitiesOf(int row) => _probabilities.AsSpan(row * Classes, Classes);

        private delegate void RowFunction(int row, Span<double> values);
    }
}
