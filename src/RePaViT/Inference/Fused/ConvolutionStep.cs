using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Inference.Fused;

/// <summary>
/// A convolution of a map. What filters see is gathered place by place, so that all channels of a place are copied at once,
/// and the filters stand in that order too.
/// </summary>
internal sealed class ConvolutionStep : InferenceStep
{
    private readonly PackedLinear _product;
    private readonly Activate? _activation;
    private readonly int[] _places;
    private readonly int _channels;
    private readonly ValuePlace _x;
    private readonly ValuePlace _seen;
    private readonly ValuePlace _y;

    /// <param name="convolution">The convolution, not one of color planes.</param>
    /// <param name="activation">What the result passes through; null for nothing.</param>
    /// <param name="source">The weights.</param>
    /// <param name="x">The map.</param>
    /// <param name="seen">A place for what filters see.</param>
    /// <param name="y">A place for the result.</param>
    public ConvolutionStep(
        Convolution convolution, Activate? activation, PlanSource source, ValuePlace x, ValuePlace seen, ValuePlace y)
    {
        (_activation, _x, _seen, _y) = (activation, x, seen, y);
        _channels = convolution.Table.Channels;
        _places = convolution.Table.Places();
        _product = PackedLinear.OfFilters(convolution.Filters, source.Weights, source.Team);
    }

    /// <summary>Whether it can do a convolution.</summary>
    public static bool CanDo(Convolution convolution) => !convolution.Table.IsImage;

    public override void Run(InferenceContext context)
    {
        Matrix seen = _seen.In(context);
        context.ImageKernels.Gather(_x.In(context), seen, _places, _channels, context.Images);
        _product.Run(context, seen, _y.In(context), _activation);
    }
}
