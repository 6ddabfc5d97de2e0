using RePaViT.Operators;

namespace RePaViT.Inference.Fused;

/// <summary>y += Pool(x) - x.</summary>
internal sealed class PoolingMixerStep(AveragePool pool, ValuePlace x, ValuePlace y) : InferenceStep
{
    /// <summary>Number of operators in its place: pooling, subtracting what was pooled, adding to the shortcut.</summary>
    public const int Nodes = 3;

    /// <summary>Whether a run of operators that it can do begins at a node.</summary>
    public static bool BeginsAt(Graph graph, int first)
        => graph.AreReadWithin(first, Nodes)
            && graph.Nodes[first].Operator is AveragePool
            && graph.Nodes[first + 1] is { Operator: Add { DropPath: null, Scale: -1 } } difference
            && difference.Inputs[0] == graph.Nodes[first].Result && difference.Inputs[1] == graph.Nodes[first].Input
            && graph.Nodes[first + 2] is { Operator: Add { Scale: 1 } } sum
            && sum.Inputs[1] == difference.Result && sum.Inputs[0] != difference.Inputs[1] && sum.Inputs[0] != difference.Result
            && sum.Inputs[0] != graph.Nodes[first].Result;

    public override void Run(InferenceContext context)
        => context.Pooling.AddDifference(x.In(context), y.In(context), pool.Size, pool.Reach);
}
