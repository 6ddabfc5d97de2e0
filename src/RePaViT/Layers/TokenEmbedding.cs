using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Puts a class token before the patch tokens and adds the position table: [1 + patches, dim].</summary>
/// <param name="ClassToken">Name of the class token.</param>
/// <param name="Positions">Name of the position table.</param>
/// <param name="Tokens">Tokens behind the layer.</param>
/// <param name="Dim">Channels of a token.</param>
internal sealed record TokenEmbedding(string ClassToken, string Positions, int Tokens, int Dim) : Layer
{
    public override Shape Input => new(Tokens - 1, Dim);

    public override Value Define(Graph graph, Value x)
    {
        Value tokens = graph.Add(new PrependToken(new TensorSpec(ClassToken, TensorRole.Embedding, 1, 1, Dim)), x);
        return graph.Add(new AddTable(new TensorSpec(Positions, TensorRole.Embedding, 1, Tokens, Dim)), tokens);
    }
}
