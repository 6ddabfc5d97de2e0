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
    // Rows that go through the network together: enough to use each weight often, few enough to stay near the cores.
    private const int RowsPerPass = 1600;

    private readonly ThreadTeam _team;
    private readonly InferenceStep[] _steps;
    private readonly PatchEmbedding _input;
    private readonly InferenceShapes _shapes;
    private readonly Lock _lock = new();
    private readonly Stack<InferenceContext> _idle = new();

    private InferencePlan(ThreadTeam team, IReadOnlyList<Layer> layers, InferenceStep[] steps)
    {
        _team = team;
        _steps = steps;
        _input = layers.OfType<PatchEmbedding>().Single();
        _shapes = InferenceShapes.Of(layers, RowsPerPass);
    }

    /// <summary>Compiles a network in any form, folded or not.</summary>
    /// <param name="network">The network; its weights are copied.</param>
    /// <param name="threads">Threads that share a call; null for one per processor.</param>
    public static InferencePlan Compile(Network network, int? threads = null)
    {
        ThreadTeam team = ThreadTeam.Get(threads);
        Network folded = Folding.Fold(network, preprocessing: null);
        InferenceStep[] steps = [.. folded.Layers.Select(layer => Compile(layer, folded.Weights, team))];
        return new InferencePlan(team, folded.Layers, steps);
    }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<float> images, int count, Span<float> logits)
    {
        int imageLength = _input.Channels * _input.ImageSize * _input.ImageSize;
        ArgumentOutOfRangeException.ThrowIfNotEqual(images.Length, (long)count * imageLength, nameof(images));
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, (long)count * _shapes.Classes, nameof(logits));
        InferenceContext context = Rent();
        try
        {
            for (int start = 0; start < count; start += _shapes.ImagesPerPass)
            {
                int pass = Math.Min(_shapes.ImagesPerPass, count - start);
                context.Begin(images.Slice(start * imageLength, pass * imageLength), pass);
                foreach (InferenceStep step in _steps)
                {
                    step.Run(context);
                }

                context.Tokens.AsSpan().CopyTo(logits[(start * _shapes.Classes)..]);
            }
        }
        finally
        {
            Return(context);
        }

        GC.KeepAlive(this);
    }

    /// <summary>
    /// The tokens that enter each reparameterized feed-forward layer, [count * tokens, dim], layer by layer. All images
    /// pass a layer before the next one begins, so only one layer's tokens are held: each array is the last one again.
    /// </summary>
    /// <param name="count">Number of images, at least 1.</param>
    /// <param name="prepare">Gets the index of the first of some images and room for them: [images, channels, size, size].</param>
    public IEnumerable<float[]> FeedForwardInputs(int count, Action<int, Memory<float>> prepare)
    {
        float[] tokens = new float[checked(count * _shapes.Tokens * _shapes.Dim)];
        int first = 0;
        for (int step = 0; step < _steps.Length; step++)
        {
            if (_steps[step] is ReparameterizedFeedForwardStep)
            {
                Advance(first, step, count, prepare, tokens);
                first = step;
                yield return tokens;
            }
        }
    }

    /// <summary>Runs steps [first, end) over all images, on from the tokens before to the tokens after them.</summary>
    private void Advance(int first, int end, int count, Action<int, Memory<float>> prepare, float[] tokens)
    {
        int imageLength = _input.Channels * _input.ImageSize * _input.ImageSize;
        int tokensLength = _shapes.Tokens * _shapes.Dim;
        float[] images = first == 0 ? new float[Math.Min(count, _shapes.ImagesPerPass) * imageLength] : [];
        InferenceContext context = Rent();
        try
        {
            for (int start = 0; start < count; start += _shapes.ImagesPerPass)
            {
                int pass = Math.Min(_shapes.ImagesPerPass, count - start);
                Span<float> passTokens = tokens.AsSpan(start * tokensLength, pass * tokensLength);
                if (first == 0)
                {
                    prepare(start, images.AsMemory(0, pass * imageLength));
                    context.Begin(images.AsSpan(0, pass * imageLength), pass);
                }
                else
                {
                    context.Continue(passTokens, pass);
                }

                foreach (InferenceStep step in _steps.AsSpan(first..end))
                {
                    step.Run(context);
                }

                for (int row = 0; row < context.Tokens.Rows; row++)
                {
                    context.Tokens.Row(row).CopyTo(passTokens[(row * _shapes.Dim)..]);
                }
            }
        }
        finally
        {
            Return(context);
        }

        GC.KeepAlive(this);
    }

    private static InferenceStep Compile(Layer layer, NamedTensors weights, ThreadTeam team) => layer switch
    {
        PatchEmbedding patches => new PatchEmbeddingStep(patches, weights, team),
        TokenEmbedding tokens => new TokenEmbeddingStep(tokens, weights),
        LayerNormalization norm => new LayerNormalizationStep(norm, weights),
        AttentionBlock attention => new AttentionStep(attention, weights, team),
        VanillaFeedForward feedForward => new VanillaFeedForwardStep(feedForward, weights, team),
        ChannelIdleFeedForward feedForward => new ChannelIdleFeedForwardStep(feedForward, weights, team),
        ReparameterizedFeedForward feedForward => new ReparameterizedFeedForwardStep(feedForward, weights, team),
        ClassTokenPooling pooling => new ClassTokenPoolingStep(pooling),
        Projection projection => new ProjectionStep(projection, weights, team),
        _ => throw new NotSupportedException($"The inference engine has no layer {layer.GetType().Name}."),
    };

    private InferenceContext Rent()
    {
        lock (_lock)
        {
            if (_idle.TryPop(out InferenceContext? context))
            {
                return context;
            }
        }

        return new InferenceContext(_team, _shapes);
    }

    private void Return(InferenceContext context)
    {
        lock (_lock)
        {
            _idle.Push(context);
        }
    }
}
