using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// Puts a class token, and others after it, before the patch tokens and adds the position table: [tokens, dim].
/// </summary>
/// <param name="ClassToken">Name of the class token; null for none.</param>
/// <param name="Positions">Name of the position table.</param>
/// <param name="Tokens">Tokens after the layer.</param>
/// <param name="Dim">Channels of a token.</param>
internal sealed record TokenEmbedding(string? ClassToken, string Positions, int Tokens, int Dim) : Layer
{
    /// <summary>Name of a token that is classified as well; null for none.</summary>
    public string? DistillationToken { get; init; }

    /// <summary>Register tokens, <c>reg_token.0</c> and so on.</summary>
    public int Registers { get; init; }

    /// <summary>Tokens that stand for no patch.</summary>
    public int Prefix => Registers + (ClassToken is null ? 0 : 1) + (DistillationToken is null ? 0 : 1);

    public override Shape Input => new(Tokens - Prefix, Dim);

    public override Value Define(Graph graph, Value x)
    {
        Value tokens = x;
        for (int register = Registers - 1; register >= 0; register--)
        {
            tokens = graph.Add(new PrependToken(Embedding(RegisterToken(register), 1)), tokens);
        }

        foreach (string? classified in new[] { DistillationToken, ClassToken })
        {
            tokens = classified is null ? tokens : graph.Add(new PrependToken(Embedding(classified, 1)), tokens);
        }

        return graph.Add(new AddTable(Embedding(Positions, Tokens)), tokens);
    }

    /// <summary>Name of a register token, counted from 0.</summary>
    public static string RegisterToken(int index) => $"reg_token.{index}";

    private TensorSpec Embedding(string name, int rows) => new(name, TensorRole.Embedding, 1, rows, Dim);
}
