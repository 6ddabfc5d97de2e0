using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>The normalizations of a feed-forward layer, under the names of the reference implementation.</summary>
internal static class FeedForwardNormalization
{
    /// <summary>Of what enters the layer; null for none.</summary>
    /// <param name="norm">The choice.</param>
    /// <param name="name">Prefix of the layer's tensors.</param>
    /// <param name="dim">Channels of a token.</param>
    /// <param name="epsilon">Keeps what does not vary finite.</param>
    /// <param name="isOfMap">Whether layer normalization is group normalization of all tokens together.</param>
    public static Operator? OfInput(FeedForwardNorm norm, string name, int dim, float epsilon, bool isOfMap) => norm switch
    {
        FeedForwardNorm.BatchNorm => BatchNormalize.Named($"{name}.norm1", dim, epsilon),
        FeedForwardNorm.LayerNorm when isOfMap => GroupNormalize.Named($"{name}.norm1", dim, epsilon),
        FeedForwardNorm.LayerNorm => LayerNormalize.Named($"{name}.norm", dim, epsilon),
        _ => null,
    };

    /// <summary>Of what the activation leaves; null for none, or of no channels.</summary>
    public static BatchNormalize? OfHidden(FeedForwardNorm norm, string name, int channels, float epsilon)
        => norm == FeedForwardNorm.BatchNorm && channels > 0 ? BatchNormalize.Named($"{name}.norm2", channels, epsilon) : null;

    /// <summary>What a normalization makes of a value, if there is one.</summary>
    public static Value Apply(Operator? norm, Graph graph, Value x) => norm is null ? x : graph.Add(norm, x);
}
