using RePaViT.Kernels;

namespace RePaViT.Inference;

/// <summary>y = act(x W' + b), with the weight laid out for the kernels that compute it.</summary>
internal abstract class LinearProduct(PinnedBuffer bias)
{
    protected PinnedBuffer Bias => bias;

    /// <param name="context">Kernels and scratch.</param>
    /// <param name="x">[rows, inputs].</param>
    /// <param name="y">[rows, outputs].</param>
    /// <param name="geluColumns">Number of outputs, from the first on, that pass through the activation; 0 without a bias.</param>
    /// <param name="accumulate">Whether to add to y.</param>
    public abstract void Run(InferenceContext context, Matrix x, Matrix y, int geluColumns = 0, bool accumulate = false);

    protected GemmEpilogue Epilogue(int geluColumns)
    {
        if (bias.Length > 0)
        {
            return GemmEpilogue.AddBiasThenGelu(bias.AsMatrix(1, bias.Length), geluColumns);
        }

        ArgumentOutOfRangeException.ThrowIfNotEqual(geluColumns, 0);
        return default;
    }
}
