using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// The mean of the logits of two tokens that have a head each, [2, dim] to [1, classes] (Touvron et al., arXiv 2012.12877,
/// section 4).
/// </summary>
/// <param name="ClassHead">Prefix of the tensors for the class token.</param>
/// <param name="DistillationHead">Prefix of those for the other.</param>
/// <param name="Dim">Channels of a token.</param>
/// <param name="Classes">Number of classes.</param>
internal sealed record TokenPairHeads(string ClassHead, string DistillationHead, int Dim, int Classes) : Layer
{
    public override Shape Input => new(2, Dim);

    public override bool IsHead => true;

    public override Value Define(Graph graph, Value x)
    {
        Value ofClassToken = graph.Add(Linear.Named(ClassHead, Dim, Classes), graph.Add(new TakeRow(0), x));
        Value ofDistillationToken = graph.Add(Linear.Named(DistillationHead, Dim, Classes), graph.Add(new TakeRow(1), x));
        return graph.Add(new AverageRows(), graph.Add(new StackRows(), ofClassToken, ofDistillationToken));
    }
}
