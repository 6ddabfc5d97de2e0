using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>The first steps of an attention block by themselves: LN(x) W' + b, [tokens, 3 dim], from which its scores follow.</summary>
/// <param name="Block">The block, over all tokens of an image.</param>
internal sealed record QueriesKeysValues(AttentionBlock Block) : Layer
{
    public override Shape Input => Block.Input;

    public override Value Define(Graph graph, Value x) => graph.Add(Block.Qkv, graph.Add(Block.Norm, x));
}
