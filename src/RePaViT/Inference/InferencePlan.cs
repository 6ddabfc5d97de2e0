using RePaViT.Architectures;
using RePaViT.Kernels;
using RePaViT.Reparameterization;

namespace RePaViT.Inference;

/// <summary>
/// A network compiled for this machine: weights packed once for the matrix kernels, a fixed list of steps over buffers
/// that are kept. Calls from several threads at once each take buffers of their own.
/// </summary>
internal sealed class InferencePlan : IInferenceEngine
{
    private readonly InferenceStep[] _steps;
    private readonly InferenceContextPool _contexts;

    private InferencePlan(InferenceStep[] steps, InferenceContextPool contexts)
    {
        _steps = steps;
        _contexts = contexts;
    }

    /// <summary>Compiles a network in any form, folded or not.</summary>
    /// <param name="network">The network; weights that are packed already are shared, others are copied.</param>
    /// <param name="threads">Threads that share a call; null for one per processor.</param>
    /// <param name="precision">What products may be rounded to, where this machine is faster with that.</param>
    public static InferencePlan Compile(
        Network network, int? threads = null, InferencePrecision precision = InferencePrecision.Full)
    {
        ThreadTeam team = ThreadTeam.Get(threads);
        Network folded = Folding.Fold(network, preprocessing: null);
        bool quantized = precision == InferencePrecision.EightBit && QuantizedGemm.IsSupported;
        var source = new StepSource(folded.Weights, team, quantized);
        return new InferencePlan(
            [.. Steps(folded.Layers, source)], new InferenceContextPool(team, InferenceShapes.Of(folded.Layers)));
    }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<float> images, int count, Span<float> logits)
    {
        InferenceShapes shapes = _contexts.Shapes;
        ArgumentOutOfRangeException.ThrowIfNotEqual(images.Length, (long)count * shapes.ImageLength, nameof(images));
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, (long)count * shapes.Classes, nameof(logits));
        InferenceContext context = _contexts.Rent();
        try
        {
            for (int start = 0; start < count; start += shapes.ImagesPerPass)
            {
                int pass = Math.Min(shapes.ImagesPerPass, count - start);
                context.Begin(images.Slice(start * shapes.ImageLength, pass * shapes.ImageLength), pass);
                foreach (InferenceStep step in _steps)
                {
                    step.Run(context);
                }

                context.Tokens.AsSpan().CopyTo(logits[(start * shapes.Classes)..]);
            }
        }
        finally
        {
            _contexts.Return(context);
        }

        GC.KeepAlive(this);
    }

    /// <summary>
    /// A step for each layer; but the class tokens are taken already by the last attention, since from there on no row
    /// looks at another.
    /// </summary>
    private static IEnumerable<InferenceStep> Steps(IReadOnlyList<Layer> layers, StepSource source)
    {
        AttentionBlock last = layers.OfType<AttentionBlock>().Last();
        foreach (Layer layer in layers.Where(layer => layer is not ClassTokenPooling))
        {
            yield return layer == last ? new ClassTokenAttentionStep(last, source) : InferenceStep.Of(layer, source);
        }
    }
}
