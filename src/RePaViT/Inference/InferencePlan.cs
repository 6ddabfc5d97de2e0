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
    /// <param name="network">The network; its weights are copied.</param>
    /// <param name="threads">Threads that share a call; null for one per processor.</param>
    public static InferencePlan Compile(Network network, int? threads = null)
    {
        ThreadTeam team = ThreadTeam.Get(threads);
        Network folded = Folding.Fold(network, preprocessing: null);
        return new InferencePlan(
            [.. Steps(folded, team)], new InferenceContextPool(team, InferenceShapes.Of(folded.Layers)));
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
    private static IEnumerable<InferenceStep> Steps(Network network, ThreadTeam team)
    {
        AttentionBlock last = network.Layers.OfType<AttentionBlock>().Last();
        foreach (Layer layer in network.Layers.Where(layer => layer is not ClassTokenPooling))
        {
            yield return layer == last
                ? new ClassTokenAttentionStep(last, network.Weights, team)
                : InferenceStep.Of(layer, network.Weights, team);
        }
    }
}
