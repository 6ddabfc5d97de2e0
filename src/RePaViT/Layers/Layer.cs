using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// One layer of a network, as data: it says in operators what it computes, and that is all an engine has to know. An
/// architecture is a list of layers, each of which takes what the one before it gives.
/// </summary>
internal abstract record Layer
{
    /// <summary>The shape of what it takes, for one image.</summary>
    public abstract Shape Input { get; }

    /// <summary>Whether its tensors are those of the classes, and other classes need others.</summary>
    public virtual bool IsHead => false;

    /// <summary>Appends its operators to a graph.</summary>
    /// <param name="graph">The graph of the network.</param>
    /// <param name="x">What the layer takes.</param>
    /// <returns>What it gives.</returns>
    public abstract Value Define(Graph graph, Value x);

    /// <summary>The layer by itself.</summary>
    public Graph ToGraph()
    {
        var graph = new Graph(Input);
        Define(graph, graph.Input);
        return graph;
    }

    /// <summary>Its tensors, in the order in which they are stored.</summary>
    public IEnumerable<TensorSpec> Tensors => ToGraph().Tensors;
}
