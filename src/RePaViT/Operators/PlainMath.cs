namespace RePaViT.Operators;

/// <summary>Functions in double precision, written to be checked by reading.</summary>
internal static class PlainMath
{
    /// <summary>The sum of the terms 0 to count - 1.</summary>
    public static double Sum(int count, Func<int, double> term)
    {
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += term(i);
        }

        return sum;
    }

    /// <summary>exp(x) / sum of exp(x).</summary>
    public static double[] Softmax(double[] x)
    {
        double largest = x.Max();
        double total = x.Sum(value => Math.Exp(value - largest));
        return Array.ConvertAll(x, value => Math.Exp(value - largest) / total);
    }

    /// <summary>x Phi(x), with the error function itself.</summary>
    public static double Gelu(double x) => 0.5 * x * (1 + Erf(x / Math.Sqrt(2)));

    /// <summary>Phi(x) + x phi(x).</summary>
    public static double GeluDerivative(double x)
        => 0.5 * (1 + Erf(x / Math.Sqrt(2))) + x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);

    /// <summary>x s(1.702 x), with s(x) = 1 / (1 + exp(-x)).</summary>
    public static double QuickGelu(double x) => x / (1 + Math.Exp(-1.702 * x));

    /// <summary>s(1.702 x) + 1.702 x s(1.702 x) s(-1.702 x).</summary>
    public static double QuickGeluDerivative(double x)
        => (1 + 1.702 * x / (1 + Math.Exp(1.702 * x))) / (1 + Math.Exp(-1.702 * x));

    /// <summary>Phi(x), the standard normal distribution; exact to a few units also where it is tiny.</summary>
    public static double NormalCdf(double x)
    {
        double z = -x / Math.Sqrt(2);
        return z > 2 ? 0.5 * UpperErfc(z) : 0.5 * (1 - Erf(z));
    }

    /// <summary>The error function, to a few units of 1e-16.</summary>
    public static double Erf(double x)
    {
        double z = Math.Abs(x);
        if (!(z <= 2))
        {
            return Math.CopySign(1 - UpperErfc(z), x);
        }

        // 2/sqrt(pi) exp(-z^2) sum over n of 2^n z^(2n+1) / (1 3 5 ... (2n+1)): no term is negative, so none cancel.
        double term = z;
        double sum = z;
        for (int n = 1; n < 60; n++)
        {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }

        return Math.CopySign(2 / Math.Sqrt(Math.PI) * Math.Exp(-z * z) * sum, x);
    }

    /// <summary>1 - erf for z > 2: exp(-z^2)/sqrt(pi) / (z + (1/2)/(z + 1/(z + (3/2)/(z + ...)))).</summary>
    private static double UpperErfc(double z)
    {
        double fraction = z;
        for (int n = 200; n >= 1; n--)
        {
            fraction = z + 0.5 * n / fraction;
        }

        return Math.Exp(-z * z) / (Math.Sqrt(Math.PI) * fraction);
    }
}
