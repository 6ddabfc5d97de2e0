using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Inference.Fused;

/// <summary>A convolution of a map whose filters overlap: what they see is never there as a whole.</summary>
internal sealed class OverlappingConvolutionStep : InferenceStep
{
    // Filters that stay in the cache of a core, in floats.
    private const int MaxFilters = 1 << 17;

    private readonly PackedLinear _product;
    private readonly Activate? _activation;
    private readonly int _kernel;
    private readonly ValuePlace _x;
    private readonly ValuePlace _y;

    /// <param name="convolution">The convolution.</param>
    /// <param name="activation">What the result passes through; null for nothing.</param>
    /// <param name="source">The weights.</param>
    /// <param name="kernel">The <see cref="MapConvolution"/>.</param>
    /// <param name="x">The map.</param>
    /// <param name="y">A place for the result.</param>
    public OverlappingConvolutionStep(
        Convolution convolution, Activate? activation, PlanSource source, int kernel, ValuePlace x, ValuePlace y)
    {
        (_activation, _kernel, _x, _y) = (activation, kernel, x, y);
        _product = PackedLinear.OfFilters(convolution.Filters, source.Weights, source.Team);
    }

    /// <summary>Whether it can do a convolution, and is faster.</summary>
    public static bool CanDo(Convolution convolution)
        => ConvolutionStep.CanDo(convolution)
            && convolution.Table.Kernel > convolution.Table.Stride
            && convolution.Filters.Weight.Length <= MaxFilters;

    public override void Run(InferenceContext context)
        => _product.Convolve(context.Kernel<MapConvolution>(_kernel), _x.In(context), _y.In(context), _activation, context.Images);
}
