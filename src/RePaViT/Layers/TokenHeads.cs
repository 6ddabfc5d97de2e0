using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// Logits of every token, [tokens, classes]: the first is the class token, which has a head of its own (Jiang et al., arXiv
/// 2104.10858, section 3.1).
/// </summary>
/// <param name="ClassHead">Prefix of the tensors for the class token.</param>
/// <param name="TokenHead">Prefix of those for all others.</param>
/// <param name="Tokens">Tokens with the class token.</param>
/// <param name="Dim">Channels of a token.</param>
/// <param name="Classes">Number of classes.</param>
internal sealed record TokenHeads(string ClassHead, string TokenHead, int Tokens, int Dim, int Classes) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override bool IsHead => true;

    public override Value Define(Graph graph, Value x)
    {
        Value ofClassToken = graph.Add(Linear.Named(ClassHead, Dim, Classes), graph.Add(new TakeRow(0), x));
        Value others = graph.Add(new Gather(new LaterRowsTable(Input, 1)), x);
        return graph.Add(new StackRows(), ofClassToken, graph.Add(Linear.Named(TokenHead, Dim, Classes), others));
    }
}
