using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Tests.Support;

/// <summary>Weights that leave nothing at a value that would hide a mistake: no scale is 1, no statistic trivial.</summary>
internal static class RandomWeights
{
    public static Network Network(Architecture architecture, int seed, NetworkForm form = NetworkForm.Trained)
    {
        architecture.Validate();
        return architecture.CreateNetwork(form, Create(architecture.Layers(form), seed));
    }

    public static NamedTensors Create(IEnumerable<Layer> layers, int seed)
    {
        var random = new Random(seed);
        var weights = new NamedTensors();
        foreach (TensorSpec tensor in layers.SelectMany(layer => layer.Tensors))
        {
            float[] values = new float[tensor.Length];
            // Keeps activations near 1 through any depth.
            double weightScale = Math.Sqrt((double)tensor.Shape[0] / Math.Max(1, values.Length));
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (float)(tensor.Role switch
                {
                    TensorRole.Weight => Normal(random) * weightScale,
                    TensorRole.Scale => random.Next(10) == 0 ? 0 : Normal(random),
                    TensorRole.RunningVariance => 0.05 + 2 * random.NextDouble(),
                    _ => 0.5 * Normal(random),
                });
            }

            weights.Add(tensor.Name, new WeightTensor(values, tensor.Shape));
        }

        return weights;
    }

    public static float[] Floats(int length, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
        {
            values[i] = (float)Normal(random);
        }

        return values;
    }

    private static double Normal(Random random)
        => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
