namespace RePaViT.Training;

/// <summary>Turns what a teacher says into what is learned of it.</summary>
internal abstract class TeacherScale
{
    /// <summary>Changes a row in place.</summary>
    public abstract void Apply(Span<float> row);
}

/// <summary>Logits z to probabilities softmax(z / T).</summary>
internal sealed class SoftenedScores(double temperature) : TeacherScale
{
    public override void Apply(Span<float> row)
    {
        double max = double.NegativeInfinity;
        foreach (float logit in row)
        {
            max = Math.Max(max, logit);
        }

        double sum = 0;
        foreach (float logit in row)
        {
            sum += Math.Exp((logit - max) / temperature);
        }

        foreach (ref float value in row)
        {
            value = (float)(Math.Exp((value - max) / temperature) / sum);
        }
    }
}

/// <summary>
/// Features to mean 0 and standard deviation 1 in each column, so that each counts alike whatever its unit. One that is always
/// the same says nothing, and becomes 0.
/// </summary>
internal sealed class Standardization : TeacherScale
{
    // Of the greatest deviation: below is rounding.
    private const double LeastDeviation = 1e-6;

    private readonly double[] _means;
    private readonly double[] _factors;

    /// <param name="rows">Rows to measure, at least one.</param>
    /// <param name="columns">Their length.</param>
    public Standardization(IEnumerable<float[]> rows, int columns)
    {
        // Welford's sums, which do not cancel.
        _means = new double[columns];
        double[] squares = new double[columns];
        long count = 0;
        foreach (float[] row in rows)
        {
            count++;
            for (int i = 0; i < columns; i++)
            {
                double before = row[i] - _means[i];
                _means[i] += before / count;
                squares[i] += before * (row[i] - _means[i]);
            }
        }

        double[] deviations = Array.ConvertAll(squares, sum => Math.Sqrt(sum / count));
        double least = LeastDeviation * deviations.Max();
        _factors = Array.ConvertAll(deviations, deviation => deviation > least ? 1 / deviation : 0);
    }

    public override void Apply(Span<float> row)
    {
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = (float)((row[i] - _means[i]) * _factors[i]);
        }
    }
}
