using RePaViT.Layers;
using RePaViT.Operators;
using RePaViT.Randomness;

namespace RePaViT.Networks;

/// <summary>Weights to start training from, as timm draws them for vision transformers.</summary>
internal static class WeightInitializer
{
    /// <summary>Standard deviation of matrices and embeddings.</summary>
    public const double Deviation = 0.02;

    /// <summary>Draws the tensors of these layers. Each depends on the seed and its place in the list alone.</summary>
    public static NamedTensors Create(IEnumerable<Layer> layers, ulong seed)
    {
        var weights = new NamedTensors();
        foreach (TensorSpec tensor in layers.SelectMany(layer => layer.Tensors))
        {
            var random = new RandomStream(seed, RandomPurpose.Initialization, weights.Count);
            float[] values = new float[tensor.Length];
            Fill(values, tensor, random);
            weights.Add(tensor.Name, new WeightTensor(values, tensor.Shape));
        }

        return weights;
    }

    private static void Fill(Span<float> values, TensorSpec tensor, RandomStream random)
    {
        if (tensor.Start is float start)
        {
            values.Fill(start);
            return;
        }

        switch (tensor.Role)
        {
            case TensorRole.Weight when tensor is { Shape.Length: 4, IsPointwise: false }:
                // A filter keeps PyTorch's default for convolutions: uniform within 1/sqrt(fan-in).
                double bound = 1 / Math.Sqrt((double)tensor.Length / tensor.Shape[0]);
                foreach (ref float value in values)
                {
                    value = (float)random.NextDouble(-bound, bound);
                }

                break;
            case TensorRole.Weight or TensorRole.Embedding:
                foreach (ref float value in values)
                {
                    // timm cuts at +-2, a hundred deviations out: in effect not at all.
                    value = (float)(Deviation * random.NextNormal());
                }

                break;
            case TensorRole.Scale or TensorRole.RunningVariance:
                values.Fill(1);
                break;
            default:
                values.Clear();
                break;
        }
    }
}
