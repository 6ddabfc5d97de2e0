using System.Numerics.Tensors;

namespace RePaViT.Training.Managed;

/// <summary>p = p (1 - lr wd) - lr d, as PyTorch's AdamW (arXiv 1711.05101).</summary>
internal sealed class AdamW(IEnumerable<IParameter> parameters, TrainingRecipe recipe, int threads, LayerRates rates, LateTensor? late)
    : Optimizer(parameters, recipe, threads, rates, late)
{
    protected override void Move(Span<float> value, Span<float> direction, double learningRate, double weightDecay)
    {
        TensorPrimitives.Multiply(value, (float)(1 - learningRate * weightDecay), value);
        TensorPrimitives.MultiplyAdd(direction, (float)-learningRate, value, value);
    }
}
