using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Inference;

/// <summary>y = act(x W' + b), with the weight laid out for the kernels that compute it.</summary>
internal abstract class LinearProduct(PinnedBuffer bias)
{
    protected PinnedBuffer Bias => bias;

    /// <param name="context">Kernels and scratch.</param>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="y">[rows, outputs].</param>
    /// <param name="activation">What the first outputs pass through; null for nothing, and so it must be without a bias.</param>
    /// <param name="accumulate">Whether to add to y.</param>
    public abstract void Run(InferenceContext context, Matrix x, Matrix y, Activate? activation = null, bool accumulate = false);

    protected GemmEpilogue Epilogue(Activate? activation)
    {
        if (bias.Length == 0)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(activation, null);
            return default;
        }

        Matrix row = bias.AsMatrix(1, bias.Length);
        return activation switch
        {
            null => GemmEpilogue.AddBias(row),
            { Kind: ActivationKind.Gelu } => GemmEpilogue.AddBiasThenGelu(row, activation.Columns),
            { Kind: ActivationKind.QuickGelu } => GemmEpilogue.AddBiasThenQuickGelu(row, activation.Columns),
            { Kind: ActivationKind.Relu } => GemmEpilogue.AddBiasThenRelu(row, activation.Columns),
            _ => throw new NotSupportedException($"No product ends with {activation.Kind}."),
        };
    }
}
