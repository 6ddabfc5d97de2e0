using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>A learned factor for each channel of a feed-forward branch (Touvron et al., arXiv 2103.17239, section 2).</summary>
internal static class LayerScale
{
    /// <summary>The tensor <c>name.ls</c>.</summary>
    /// <param name="name">The layer's.</param>
    /// <param name="dim">Channels of the branch.</param>
    /// <param name="start">What every factor starts at; null for none.</param>
    public static TensorSpec? Of(string name, int dim, float? start)
        => start is null ? null : new TensorSpec($"{name}.ls", TensorRole.Scale, dim) { Start = start };

    /// <summary>The branch times its factors, if it has any.</summary>
    public static Value Apply(TensorSpec? scale, Graph graph, Value branch)
        => scale is null ? branch : graph.Add(new ScaleColumns(scale), branch);
}
