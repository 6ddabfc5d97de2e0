using RePaViT.Layers;
using RePaViT.Operators;

namespace RePaViT.Networks;

/// <summary>The nodes that a layer made.</summary>
/// <param name="Layer">The layer.</param>
/// <param name="FirstNode">The first of its nodes.</param>
/// <param name="NodeCount">Number of its nodes, which follow each other.</param>
/// <param name="Input">What it takes.</param>
/// <param name="Output">What it gives.</param>
internal sealed record LayerNodes(Layer Layer, int FirstNode, int NodeCount, Value Input, Value Output);

/// <summary>Layers as one graph of operators, which still knows what came from which layer.</summary>
internal sealed class NetworkGraph
{
    /// <param name="layers">At least one, each taking what the one before it gives.</param>
    /// <exception cref="ArgumentException">A layer does not take what the one before it gives.</exception>
    public NetworkGraph(IReadOnlyList<Layer> layers)
    {
        Graph = new Graph(layers[0].Input);
        var parts = new List<LayerNodes>(layers.Count);
        Value x = Graph.Input;
        foreach (Layer layer in layers)
        {
            if (x.Shape != layer.Input)
            {
                throw new ArgumentException($"{layer} takes {layer.Input}, but the layer before it gives {x.Shape}.");
            }

            int first = Graph.Nodes.Count;
            Value y = layer.Define(Graph, x);
            parts.Add(new LayerNodes(layer, first, Graph.Nodes.Count - first, x, y));
            x = y;
        }

        Layers = parts;
    }

    public Graph Graph { get; }

    public IReadOnlyList<LayerNodes> Layers { get; }
}
