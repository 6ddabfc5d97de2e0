using System.Numerics.Tensors;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>
/// u = d + wd p, p = p - lr |p| / |u| u, as timm's Lamb (arXiv 1904.00962): parameters that do not decay take plain
/// Adam steps, and so does a parameter as long as either norm is 0.
/// </summary>
internal sealed class Lamb(IEnumerable<IParameter> parameters, TrainingRecipe recipe, int threads, LayerRates rates, LateTensor? late)
    : Optimizer(parameters, recipe, threads, rates, late)
{
    protected override void Move(Span<float> value, Span<float> direction, double learningRate, double weightDecay)
    {
        double trust = 1;
        if (weightDecay != 0)
        {
            TensorPrimitives.MultiplyAdd(value, (float)weightDecay, direction, direction);
            double valueNorm = Math.Sqrt(Reduce.SumOfSquares(value));
            double updateNorm = Math.Sqrt(Reduce.SumOfSquares(direction));
            trust = valueNorm > 0 && updateNorm > 0 ? valueNorm / updateNorm : 1;
        }

        TensorPrimitives.MultiplyAdd(direction, (float)(-learningRate * trust), value, value);
    }
}
