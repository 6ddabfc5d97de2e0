using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Keeps the class token: [tokens, dim] to [1, dim].</summary>
internal sealed record ClassTokenPooling(int Tokens, int Dim) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x) => graph.Add(new TakeRow(0), x);
}

/// <summary>Averages all tokens: [tokens, dim] to [1, dim].</summary>
internal sealed record AveragePooling(int Tokens, int Dim) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x) => graph.Add(new AverageRows(), x);
}
