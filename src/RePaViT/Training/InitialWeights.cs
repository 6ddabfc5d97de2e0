using RePaViT.Architectures;

namespace RePaViT.Training;

/// <summary>The weights with which training begins.</summary>
internal static class InitialWeights
{
    private const double Sigma = 0.02;
    private const double Cut = 2;

    /// <summary>Draws weights as their roles say. The same layers and seed give the same weights.</summary>
    public static NamedTensors Create(IReadOnlyList<Layer> layers, ulong seed)
    {
        TensorSpec[] specs = [.. layers.SelectMany(layer => layer.Tensors)];
        float[][] values = new float[specs.Length][];
        Parallel.For(0, specs.Length, i => values[i] = Draw(specs[i], new RandomStream(seed, RandomPurpose.Initialization, i)));
        var weights = new NamedTensors();
        for (int i = 0; i < specs.Length; i++)
        {
            weights.Add(specs[i].Name, new WeightTensor(values[i], specs[i].Shape));
        }

        return weights;
    }

    private static float[] Draw(TensorSpec spec, RandomStream random)
    {
        float[] values = new float[spec.Length];
        switch (spec.Role)
        {
            case TensorRole.Weight or TensorRole.Embedding:
                foreach (ref float value in values.AsSpan())
                {
                    double normal;
                    do
                    {
                        normal = random.NextNormal();
                    }
                    while (Math.Abs(normal) > Cut);

                    value = (float)(Sigma * normal);
                }

                break;
            case TensorRole.Scale or TensorRole.RunningVariance:
                Array.Fill(values, 1);
                break;
        }

        return values;
    }
}
