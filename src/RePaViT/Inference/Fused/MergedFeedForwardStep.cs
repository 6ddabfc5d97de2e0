using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Inference.Fused;

/// <summary>
/// [f(x Win' + bin) | x M' + b] as one product, then the second part += first part Wout'. The second part is the
/// result where it stands: nothing is copied.
/// </summary>
internal sealed class MergedFeedForwardStep : InferenceStep
{
    private readonly ValuePlace _x;
    private readonly ValuePlace _both;
    private readonly ValuePlace _active;
    private readonly PackedLinear _product;
    private readonly PackedLinear _output;
    private readonly Activate _activation;

    /// <param name="layer">The layer.</param>
    /// <param name="source">Its weights.</param>
    /// <param name="x">What it takes.</param>
    /// <param name="both">A place as wide as both parts together.</param>
    public MergedFeedForwardStep(MergedFeedForward layer, PlanSource source, ValuePlace x, ValuePlace both)
    {
        (_x, _both) = (x, both);
        int active = layer.Inner.Outputs;
        _activation = layer.Activation;
        _active = both with { Columns = ..active };
        Result = both with { Columns = active.. };
        _product = PackedLinear.SideBySide(source.Packed(layer.Inner), source.Packed(layer.Merged));
        _output = source.Packed(layer.Output);
    }

    public ValuePlace Result { get; }

    public override void Run(InferenceContext context)
    {
        _product.Run(context, _x.In(context), _both.In(context), _activation);
        _output.Run(context, _active.In(context), Result.In(context), accumulate: true);
    }
}

/// <summary>
/// The same with factors rounded to 8 bits, but not the tokens themselves, which M holds a copy of: with r for rounding,
/// h = f(r(x) Win' + bin), then x += r(x) r(M - 1)' + b, then x += r(h) Wout'.
/// </summary>
internal sealed class QuantizedFeedForwardStep(
    MergedFeedForward layer, PlanSource source, ValuePlace x, ValuePlace hidden) : InferenceStep
{
    private readonly QuantizedLinear _merged = source.Packed(layer.Merged).Quantize(source.Team, withoutShortcut: true);
    private readonly QuantizedLinear _inner = source.Packed(layer.Inner).Quantize(source.Team);
    private readonly QuantizedLinear _output = source.Packed(layer.Output).Quantize(source.Team);

    public override void Run(InferenceContext context)
    {
        Matrix tokens = x.In(context);
        Matrix active = hidden.In(context);
        context.Rounded.Quantize(context.Team, tokens);
        _inner.RunAgain(context, active, layer.Activation);
        _merged.RunAgain(context, tokens, accumulate: true);
        _output.Run(context, active, tokens, accumulate: true);
    }
}
