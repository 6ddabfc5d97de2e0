using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Keeps the class token: [tokens, dim] to [1, dim].</summary>
internal sealed record ClassTokenPooling(int Tokens, int Dim) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x) => graph.Add(new TakeRow(0), x);
}

/// <summary>Keeps the class token and the one after it: [tokens, dim] to [2, dim].</summary>
internal sealed record TokenPairPooling(int Tokens, int Dim) : Layer
{
    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x)
        => graph.Add(new StackRows(), graph.Add(new TakeRow(0), x), graph.Add(new TakeRow(1), x));
}

/// <summary>Averages all tokens from one on: [tokens, dim] to [1, dim].</summary>
internal sealed record AveragePooling(int Tokens, int Dim) : Layer
{
    /// <summary>The first token that counts.</summary>
    public int First { get; init; }

    public override Shape Input => new(Tokens, Dim);

    public override Value Define(Graph graph, Value x)
        => graph.Add(new AverageRows(), First == 0 ? x : graph.Add(new Gather(new LaterRowsTable(Input, First)), x));
}

/// <summary>The logits of the class token, and a share of the greatest ones of all others: [tokens, classes] to [1, classes].</summary>
internal sealed record TokenLogitPooling(int Tokens, int Classes, float Share) : Layer
{
    public override Shape Input => new(Tokens, Classes);

    public override Value Define(Graph graph, Value x)
    {
        Value ofClassToken = graph.Add(new TakeRow(0), x);
        return graph.Add(new Add(DropPath: null, Share), ofClassToken, graph.Add(new MaximizeRows(1), x));
    }
}
