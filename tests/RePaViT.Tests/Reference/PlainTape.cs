using RePaViT.Operators;
namespace RePaViT.Tests.Reference;

/// <summary>A matrix [row, column] that was computed, and the gradient of the loss with respect to it.</summary>
internal sealed class PlainValue(int rows, int columns)
{
    public int Rows => rows;

    public int Columns => columns;

    public double[,] Value { get; } = new double[rows, columns];

    public double[,] Gradient { get; } = new double[rows, columns];
}

/// <summary>
/// Operations in double precision, each with its derivative beside it. Running the tape backward undoes them in reverse.
/// Vectors are matrices of one row.
/// </summary>
internal sealed class PlainTape
{
    private readonly Stack<Action> _backward = new();

    public void Backward()
    {
        while (_backward.TryPop(out Action? undo))
        {
            undo();
        }
    }

    /// <summary>y = x W' + b.</summary>
    public PlainValue Linear(PlainValue x, PlainValue weight, PlainValue? bias)
    {
        var y = new PlainValue(x.Rows, weight.Rows);
        ForEach(y, (r, o) =>
        {
            y.Value[r, o] = bias?.Value[0, o] ?? 0;
            for (int i = 0; i < x.Columns; i++)
            {
                y.Value[r, o] += x.Value[r, i] * weight.Value[o, i];
            }
        });
        _backward.Push(() => ForEach(y, (r, o) =>
        {
            if (bias is not null)
            {
                bias.Gradient[0, o] += y.Gradient[r, o];
            }

            for (int i = 0; i < x.Columns; i++)
            {
                x.Gradient[r, i] += y.Gradient[r, o] * weight.Value[o, i];
                weight.Gradient[o, i] += y.Gradient[r, o] * x.Value[r, i];
            }
        }));
        return y;
    }

    /// <summary>z[r, c] = x[r, c] + scale[r] y[r, c].</summary>
    public PlainValue Add(PlainValue x, PlainValue y, Func<int, double> scale)
    {
        var z = new PlainValue(x.Rows, x.Columns);
        ForEach(z, (r, c) => z.Value[r, c] = x.Value[r, c] + scale(r) * y.Value[r, c]);
        _backward.Push(() => ForEach(z, (r, c) =>
        {
            x.Gradient[r, c] += z.Gradient[r, c];
            y.Gradient[r, c] += scale(r) * z.Gradient[r, c];
        }));
        return z;
    }

    /// <summary>y = x gamma + beta, per column.</summary>
    public PlainValue Affine(PlainValue x, PlainValue gamma, PlainValue beta)
    {
        var y = new PlainValue(x.Rows, x.Columns);
        ForEach(y, (r, c) => y.Value[r, c] = x.Value[r, c] * gamma.Value[0, c] + beta.Value[0, c]);
        _backward.Push(() => ForEach(y, (r, c) =>
        {
            x.Gradient[r, c] += y.Gradient[r, c] * gamma.Value[0, c];
            gamma.Gradient[0, c] += y.Gradient[r, c] * x.Value[r, c];
            beta.Gradient[0, c] += y.Gradient[r, c];
        }));
        return y;
    }

    /// <summary>y = x scale, per column.</summary>
    public PlainValue Scale(PlainValue x, PlainValue scale)
    {
        var y = new PlainValue(x.Rows, x.Columns);
        ForEach(y, (r, c) => y.Value[r, c] = x.Value[r, c] * scale.Value[0, c]);
        _backward.Push(() => ForEach(y, (r, c) =>
        {
            x.Gradient[r, c] += y.Gradient[r, c] * scale.Value[0, c];
            scale.Gradient[0, c] += y.Gradient[r, c] * x.Value[r, c];
        }));
        return y;
    }

    /// <summary>y = x / max(|x|, eps), per row: dx = J' dy with J[i, j] = (1[i = j] - y[i] y[j]) / |x|.</summary>
    public PlainValue ToUnitLength(PlainValue x, double epsilon)
    {
        var y = new PlainValue(x.Rows, x.Columns);
        double[] length = [.. Enumerable.Range(0, x.Rows).Select(r => Math.Sqrt(Enumerable.Range(0, x.Columns).Sum(c => x.Value[r, c] * x.Value[r, c])))];
        ForEach(y, (r, c) => y.Value[r, c] = x.Value[r, c] / Math.Max(length[r], epsilon));
        _backward.Push(() => ForEach(x, (r, c) =>
        {
            double along = length[r] > epsilon ? Enumerable.Range(0, x.Columns).Sum(other => y.Gradient[r, other] * y.Value[r, other]) : 0;
            x.Gradient[r, c] += (y.Gradient[r, c] - y.Value[r, c] * along) / Math.Max(length[r], epsilon);
        }));
        return y;
    }

    /// <summary>Every image, with so many rows each, to mean 0 and variance 1.</summary>
    public PlainValue NormalizeImages(PlainValue x, int rows, double epsilon)
    {
        var y = new PlainValue(x.Rows, x.Columns);
        for (int row = 0; row < x.Rows; row += rows)
        {
            int first = row;
            Normalize(rows * x.Columns, epsilon, i => (first + i / x.Columns, i % x.Columns), x, y);
        }

        return y;
    }

    /// <summary>Every row to mean 0 and variance 1.</summary>
    public PlainValue NormalizeRows(PlainValue x, double epsilon)
    {
        var y = new PlainValue(x.Rows, x.Columns);
        for (int row = 0; row < x.Rows; row++)
        {
            int r = row;
            Normalize(x.Columns, epsilon, i => (r, i), x, y);
        }

        return y;
    }

    /// <summary>Every column to mean 0 and variance 1, with the (biased) statistics that did it.</summary>
    public PlainValue NormalizeColumns(PlainValue x, double epsilon, double[] means, double[] variances)
    {
        var y = new PlainValue(x.Rows, x.Columns);
        for (int column = 0; column < x.Columns; column++)
        {
            int c = column;
            (means[c], variances[c]) = Normalize(x.Rows, epsilon, i => (i, c), x, y);
        }

        return y;
    }

    /// <summary>A function of the first columns.</summary>
    public PlainValue Activate(PlainValue x, Activate activation)
    {
        (Func<double, double> function, Func<double, double> slope) = activation.Kind switch
        {
            ActivationKind.Gelu => ((Func<double, double>)PlainMath.Gelu, (Func<double, double>)PlainMath.GeluDerivative),
            ActivationKind.QuickGelu => (PlainMath.QuickGelu, PlainMath.QuickGeluDerivative),
            ActivationKind.Relu => (value => Math.Max(value, 0), value => value > 0 ? 1 : 0),
            _ => throw new NotSupportedException($"{activation}"),
        };
        var y = new PlainValue(x.Rows, x.Columns);
        ForEach(y, (r, c) => y.Value[r, c] = c < activation.Columns ? function(x.Value[r, c]) : x.Value[r, c]);
        _backward.Push(() => ForEach(y, (r, c) =>
            x.Gradient[r, c] += y.Gradient[r, c] * (c < activation.Columns ? slope(x.Value[r, c]) : 1)));
        return y;
    }

    /// <summary>Attention of all tokens of a window to each other: [rows, 3 dim] to [rows, dim].</summary>
    /// <param name="qkv">Queries, keys and values.</param>
    /// <param name="tokens">Tokens of a window.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="scale">What scores are multiplied with.</param>
    /// <param name="table">What learned numbers are added to scores, [rows, heads]; null for none.</param>
    /// <param name="bias">For a row and another token of its window, the row of the table and what is added besides.</param>
    public PlainValue Attend(
        PlainValue qkv, int tokens, int heads, double scale, PlainValue? table, Func<int, int, (int Row, double Mask)> bias)
    {
        int dim = qkv.Columns / 3;
        int width = dim / heads;
        var y = new PlainValue(qkv.Rows, dim);
        for (int row = 0; row < qkv.Rows; row++)
        {
            for (int head = 0; head < heads; head++)
            {
                int r = row;
                int first = row - row % tokens;
                int q = head * width;
                int k = q + dim;
                int v = k + dim;
                int h = head;
                double[] scores = [.. Enumerable.Range(first, tokens).Select(other
                    => scale * Enumerable.Range(0, width).Sum(i => qkv.Value[r, q + i] * qkv.Value[other, k + i]) + Bias(other - first))];
                double[] shares = PlainMath.Softmax(scores);
                for (int t = 0; t < tokens; t++)
                {
                    for (int i = 0; i < width; i++)
                    {
                        y.Value[r, q + i] += shares[t] * qkv.Value[first + t, v + i];
                    }
                }

                _backward.Push(() =>
                {
                    double[] towards = [.. Enumerable.Range(first, tokens).Select(other
                        => Enumerable.Range(0, width).Sum(i => y.Gradient[r, q + i] * qkv.Value[other, v + i]))];
                    double mean = shares.Zip(towards, (share, toward) => share * toward).Sum();
                    for (int t = 0; t < tokens; t++)
                    {
                        double score = scale * shares[t] * (towards[t] - mean);
                        if (table is not null)
                        {
                            table.Gradient[bias(r, t).Row, h] += shares[t] * (towards[t] - mean);
                        }

                        for (int i = 0; i < width; i++)
                        {
                            qkv.Gradient[first + t, v + i] += shares[t] * y.Gradient[r, q + i];
                            qkv.Gradient[r, q + i] += score * qkv.Value[first + t, k + i];
                            qkv.Gradient[first + t, k + i] += score * qkv.Value[r, q + i];
                        }
                    }
                });

                double Bias(int other)
                {
                    if (table is null)
                    {
                        return 0;
                    }

                    (int row, double mask) = bias(r, other);
                    return table.Value[row, h] + mask;
                }
            }
        }

        return y;
    }

    /// <summary>Each element of the result is the sum of elements that <paramref name="sources"/> names, each times a factor.</summary>
    public PlainValue SumOfElements(
        int rows, int columns, Func<int, int, IEnumerable<(PlainValue Value, int Row, int Column, double Factor)>> sources)
    {
        var y = new PlainValue(rows, columns);
        ForEach(y, (r, c) => y.Value[r, c] = sources(r, c).Sum(source => source.Factor * source.Value.Value[source.Row, source.Column]));
        _backward.Push(() => ForEach(y, (r, c) =>
        {
            foreach ((PlainValue value, int row, int column, double factor) in sources(r, c))
            {
                value.Gradient[row, column] += factor * y.Gradient[r, c];
            }
        }));
        return y;
    }

    /// <summary>Mean over the rows of -sum(target log softmax(logits)).</summary>
    public static double CrossEntropy(PlainValue logits, double[,] targets)
    {
        double loss = 0;
        for (int row = 0; row < logits.Rows; row++)
        {
            int r = row;
            double[] shares = PlainMath.Softmax([.. Enumerable.Range(0, logits.Columns).Select(c => logits.Value[r, c])]);
            for (int column = 0; column < logits.Columns; column++)
            {
                loss -= targets[r, column] * Math.Log(shares[column]) / logits.Rows;
                logits.Gradient[r, column] += (shares[column] - targets[r, column]) / logits.Rows;
            }
        }

        return loss;
    }

    /// <summary>y = (x - mean) / sqrt(variance + eps) along one row or column.</summary>
    private (double Mean, double Variance) Normalize(
        int length, double epsilon, Func<int, (int Row, int Column)> at, PlainValue x, PlainValue y)
    {
        double mean = 0;
        double variance = 0;
        for (int i = 0; i < length; i++)
        {
            mean += x.Value[at(i).Row, at(i).Column] / length;
        }

        for (int i = 0; i < length; i++)
        {
            variance += Math.Pow(x.Value[at(i).Row, at(i).Column] - mean, 2) / length;
        }

        double inverse = 1 / Math.Sqrt(variance + epsilon);
        for (int i = 0; i < length; i++)
        {
            (int r, int c) = at(i);
            y.Value[r, c] = (x.Value[r, c] - mean) * inverse;
        }

        _backward.Push(() =>
        {
            double meanGradient = 0;
            double meanProduct = 0;
            for (int i = 0; i < length; i++)
            {
                (int r, int c) = at(i);
                meanGradient += y.Gradient[r, c] / length;
                meanProduct += y.Gradient[r, c] * y.Value[r, c] / length;
            }

            for (int i = 0; i < length; i++)
            {
                (int r, int c) = at(i);
                x.Gradient[r, c] += inverse * (y.Gradient[r, c] - meanGradient - y.Value[r, c] * meanProduct);
            }
        });
        return (mean, variance);
    }

    private static void ForEach(PlainValue matrix, Action<int, int> action)
    {
        for (int row = 0; row < matrix.Rows; row++)
        {
            for (int column = 0; column < matrix.Columns; column++)
            {
                action(row, column);
            }
        }
    }
}
