using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Inference;

/// <summary>A product of factors that are rounded to 8 bits.</summary>
internal sealed class QuantizedLinear(QuantizedMatrix weight, PinnedBuffer bias) : LinearProduct(bias)
{
    /// <inheritdoc/>
    public override void Run(InferenceContext context, Matrix x, Matrix y, Activate? activation = null, bool accumulate = false)
    {
        context.Rounded.Quantize(context.Team, x);
        RunAgain(context, y, activation, accumulate);
    }

    /// <summary>The same of what was rounded last, where another layer has had the same input.</summary>
    public void RunAgain(InferenceContext context, Matrix y, Activate? activation = null, bool accumulate = false)
        => context.QuantizedGemm.Multiply(context.Rounded, weight, y, Epilogue(activation), accumulate);
}
