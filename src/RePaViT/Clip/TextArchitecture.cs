using RePaViT.Layers;
using RePaViT.Operators;

namespace RePaViT.Clip;

/// <summary>A transformer for texts, in which each token attends to those before it (CLIP, arXiv 2103.00020, section 2.4).</summary>
/// <param name="Vocabulary">Number of different tokens.</param>
/// <param name="ContextLength">Largest number of tokens in a text.</param>
/// <param name="Dim">Channels of a token.</param>
/// <param name="Depth">Number of blocks.</param>
/// <param name="Heads">Attention heads per block.</param>
/// <param name="Hidden">Hidden channels of a feed-forward layer.</param>
/// <param name="Outputs">Dimension of the space that texts share with images.</param>
/// <param name="Activation">The activation of hidden channels.</param>
/// <param name="NormEpsilon">The epsilon that keeps normalizations finite.</param>
internal sealed record TextArchitecture(
    int Vocabulary, int ContextLength, int Dim, int Depth, int Heads, int Hidden, int Outputs, ActivationKind Activation, float NormEpsilon)
{
    /// <summary>A vector for each token, [vocabulary, dim].</summary>
    public TensorSpec Tokens => new("token_embed.weight", TensorRole.Embedding, Vocabulary, Dim);

    /// <summary>A vector for each position, [context length, dim].</summary>
    public TensorSpec Positions => new("pos_embed", TensorRole.Embedding, ContextLength, Dim);

    /// <summary>The normalization after the last block.</summary>
    public LayerNormalize Norm => LayerNormalize.Named("norm", Dim, NormEpsilon);

    /// <summary>The projection to the space that texts share with images.</summary>
    public Linear Projection => Linear.Named("projection", Dim, Outputs, bias: false);

    /// <summary>All tensors.</summary>
    public IEnumerable<TensorSpec> Tensors
        =>
        [
            Tokens, Positions,
            .. Enumerable.Range(0, Depth).SelectMany(block => AttentionOf(block).Tensors.Concat(FeedForwardOf(block).Tensors)),
            .. Norm.Tensors, .. Projection.Tensors,
        ];

    /// <summary>The first branch of a block, without the mask that hides later tokens.</summary>
    public AttentionBlock AttentionOf(int block)
        => new($"blocks.{block}.attn", ContextLength, Dim, Heads, NormEpsilon, new DropPathPosition(block, Depth));

    /// <summary>The second branch of a block.</summary>
    public VanillaFeedForward FeedForwardOf(int block)
        => new($"blocks.{block}.mlp", ContextLength, Dim, Hidden, NormEpsilon, new DropPathPosition(block, Depth)) { Activation = Activation };
}
