using RePaViT.Architectures;

namespace RePaViT.Inference;

/// <summary>A layer with its weights packed: takes the context's tokens and leaves its own there.</summary>
internal abstract class InferenceStep
{
    public abstract void Run(InferenceContext context);

    /// <summary>The step that computes a layer.</summary>
    public static InferenceStep Of(Layer layer, StepSource source) => layer switch
    {
        PatchEmbedding patches => new PatchEmbeddingStep(patches, source),
        TokenEmbedding tokens => new TokenEmbeddingStep(tokens, source.Weights),
        LayerNormalization norm => new LayerNormalizationStep(norm, source),
        AttentionBlock attention => new AttentionStep(attention, source),
        VanillaFeedForward feedForward => new VanillaFeedForwardStep(feedForward, source),
        ChannelIdleFeedForward feedForward => new ChannelIdleFeedForwardStep(feedForward, source),
        ReparameterizedFeedForward feedForward when source.Rounds(Math.Max(feedForward.Dim, feedForward.Active))
            => new QuantizedFeedForwardStep(feedForward, source),
        ReparameterizedFeedForward feedForward => new ReparameterizedFeedForwardStep(feedForward, source),
        Projection projection => new ProjectionStep(projection, source),
        _ => throw new NotSupportedException($"The inference engine has no layer {layer.GetType().Name}."),
    };
}
