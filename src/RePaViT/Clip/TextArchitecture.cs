using RePaViT.Layers;
using RePaViT.Operators;

namespace RePaViT.Clip;

/// <summary>A transformer that reads texts, each token seeing those before it (CLIP, arXiv 2103.00020, section 2.4).</summary>
/// <param name="Vocabulary">Number of tokens that there are.</param>
/// <param name="ContextLength">Most tokens of a text.</param>
/// <param name="Dim">Channels of a token.</param>
/// <param name="Depth">Number of blocks.</param>
/// <param name="Heads">Attention heads per block.</param>
/// <param name="Hidden">Hidden channels of a feed-forward layer.</param>
/// <param name="Outputs">Numbers of the space that texts share with images.</param>
/// <param name="Activation">What hidden channels pass through.</param>
/// <param name="NormEpsilon">Keeps normalizations finite.</param>
internal sealed record TextArchitecture(
    int Vocabulary, int ContextLength, int Dim, int Depth, int Heads, int Hidden, int Outputs, ActivationKind Activation, float NormEpsilon)
{
    /// <summary>A vector for each token, [vocabulary, dim].</summary>
    public TensorSpec Tokens => new("token_embed.weight", TensorRole.Embedding, Vocabulary, Dim);

    /// <summary>A vector for each place, [context length, dim].</summary>
    public TensorSpec Positions => new("pos_embed", TensorRole.Embedding, ContextLength, Dim);

    /// <summary>The normalization behind the last block.</summary>
    public LayerNormalize Norm => LayerNormalize.Named("norm", Dim, NormEpsilon);

    /// <summary>To the space that texts share with images.</summary>
    public Linear Projection => Linear.Named("projection", Dim, Outputs, bias: false);

    /// <summary>All tensors.</summary>
    public IEnumerable<TensorSpec> Tensors
        =>
        [
            Tokens, Positions,
            .. Enumerable.Range(0, Depth).SelectMany(block => AttentionOf(block).Tensors.Concat(FeedForwardOf(block).Tensors)),
            .. Norm.Tensors, .. Projection.Tensors,
        ];

    /// <summary>The first branch of a block. That tokens see only those before them is not part of it.</summary>
    public AttentionBlock AttentionOf(int block)
        => new($"blocks.{block}.attn", ContextLength, Dim, Heads, NormEpsilon, new DropPathPosition(block, Depth));

    /// <summary>The second branch of a block.</summary>
    public VanillaFeedForward FeedForwardOf(int block)
        => new($"blocks.{block}.mlp", ContextLength, Dim, Hidden, NormEpsilon, new DropPathPosition(block, Depth)) { Activation = Activation };
}
