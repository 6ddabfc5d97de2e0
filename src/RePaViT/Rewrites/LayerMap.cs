using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Rewrites;

/// <summary>Rewrites a network layer by layer. Outputs keep their places.</summary>
internal static class LayerMap
{
    /// <param name="network">The network; it stays as it is.</param>
    /// <param name="stage">The stage of the result.</param>
    /// <param name="rewrite">
    /// Gets a layer and the tensors of the result. Gives what is in its place there, after adding its tensors; or null to
    /// keep the layer with its tensors.
    /// </param>
    public static Network Apply(Network network, NetworkStage stage, Func<Layer, NamedTensors, Layer?> rewrite)
    {
        var layers = new List<Layer>(network.Layers.Count);
        var weights = new NamedTensors();
        foreach (Layer layer in network.Layers)
        {
            Layer? rewritten = rewrite(layer, weights);
            layers.Add(rewritten ?? layer);
            if (rewritten is null)
            {
                weights.Copy(layer.Tensors, network.Weights);
            }
        }

        return new Network(network.Layout with { Layers = layers }, weights, stage);
    }

    /// <summary>Adds tensors of another set.</summary>
    public static void Copy(this NamedTensors target, IEnumerable<TensorSpec> tensors, NamedTensors source)
    {
        foreach (TensorSpec tensor in tensors)
        {
            target.Add(tensor.Name, source[tensor.Name]);
        }
    }

    /// <summary>Adds those tensors of another set that are not there yet.</summary>
    public static void CopyRest(this NamedTensors target, IEnumerable<TensorSpec> tensors, NamedTensors source)
        => target.Copy(tensors.Where(tensor => !target.TryGet(tensor.Name, out _)), source);
}
