namespace RePaViT.Randomness;

/// <summary>
/// Random numbers that depend on a seed and a key alone (SplitMix64). Nothing is carried from one use to the next: the
/// stream of, say, image 17 in epoch 3 is the same in whatever order and on whatever thread it is requested, and a
/// resumed run needs to remember only where it stood.
/// </summary>
internal struct RandomStream
{
    private ulong _state;

    public RandomStream(ulong seed, RandomPurpose purpose, long key0 = 0, long key1 = 0)
    {
        _state = Mix(seed);
        _state = Mix(_state ^ (ulong)purpose);
        _state = Mix(_state + (ulong)key0);
        _state = Mix(_state + (ulong)key1);
    }

    public ulong NextUInt64()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    /// <summary>Uniform in [0, 1), with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public double NextDouble(double low, double high) => low + (high - low) * NextDouble();

    /// <summary>Uniform in [0, limit).</summary>
    public int NextInt32(int limit) => (int)Math.BigMul(NextUInt64(), (ulong)limit, out _);

    /// <summary>Normal with mean 0 and standard deviation 1 (Box and Muller).</summary>
    public double NextNormal()
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
        return radius * Math.Cos(2 * Math.PI * NextDouble());
    }

    /// <summary>
    /// Fills with normal numbers of mean 0 and standard deviation 1. Box and Muller's method gives them in pairs, so this
    /// takes half the time of as many calls of <see cref="NextNormal"/>.
    /// </summary>
    public void FillNormal(Span<float> values)
    {
        for (int i = 0; i < values.Length; i += 2)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - NextDouble()));
            (double sin, double cos) = Math.SinCos(2 * Math.PI * NextDouble());
            values[i] = (float)(radius * cos);
            if (i + 1 < values.Length)
            {
                values[i + 1] = (float)(radius * sin);
            }
        }
    }

    /// <summary>
    /// Beta(alpha, alpha) distributed, in [0, 1]: X / (X + Y) of two gamma variates, taken by their logarithms because
    /// for a small alpha both may be too small for a number of their own.
    /// </summary>
    public double NextBeta(double alpha)
    {
        double x = NextLogGamma(alpha);
        double y = NextLogGamma(alpha);
        return 1 / (1 + Math.Exp(y - x));
    }

    /// <summary>The numbers 0 to count-1 in random order (Fisher and Yates).</summary>
    public int[] NextPermutation(int count)
    {
        int[] order = new int[count];
        FillPermutation(order);
        return order;
    }

    /// <summary>Fills with the numbers from 0 on in random order.</summary>
    public void FillPermutation(Span<int> order)
    {
        for (int i = 0; i < order.Length; i++)
        {
            int j = NextInt32(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
    }

    /// <summary>
    /// Logarithm of a Gamma(shape, 1) variate (Marsaglia and Tsang, 2000). Their method needs a shape of 1 or more;
    /// Gamma(a) = Gamma(a + 1) U^(1/a) leads there from any other.
    /// </summary>
    private double NextLogGamma(double shape)
    {
        double boost = shape < 1 ? Math.Log(1 - NextDouble()) / shape : 0;
        double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3;
        double c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double normal = NextNormal();
            double root = 1 + c * normal;
            if (root <= 0)
            {
                continue;
            }

            double v = root * root * root;
            if (Math.Log(1 - NextDouble()) < 0.5 * normal * normal + d * (1 - v + Math.Log(v)))
            {
                return boost + Math.Log(d * v);
            }
        }
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}

/// <summary>What random numbers are for. Numbers for one purpose never repeat those for another.</summary>
internal enum RandomPurpose
{
    Initialization = 1,
    Shuffle = 2,
    Augmentation = 3,
    Mixing = 4,
    DropPath = 5,
    Split = 6,
    Expansion = 7,
    Sample = 8,
    TokenExchange = 9,
}
