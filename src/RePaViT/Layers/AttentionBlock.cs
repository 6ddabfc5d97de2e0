using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>
/// a = x + scale DropPath(Proj(MHSA(LN(x)))), over all tokens or within the windows of a map. Folded, the affine part of the
/// normalization and 1/sqrt(head dim) are already part of the qkv weights, and the scale is part of the projection. The scale
/// is 1, unless a property says otherwise.
/// </summary>
internal sealed record AttentionBlock(
    string Name, int Tokens, int Dim, int Heads, float Epsilon, DropPathPosition DropPath, bool Folded = false) : Layer
{
    /// <summary>Prefix of the normalization's tensors.</summary>
    public string NormName { get; init; } = $"{Name}.norm";

    /// <summary>The windows within which tokens attend to each other; null for one of all tokens.</summary>
    public WindowGrid? Windows { get; init; }

    /// <summary>Whether a bias is added to queries, keys and values.</summary>
    public bool HasQkvBias { get; init; } = true;

    /// <summary>What the branch is multiplied by.</summary>
    public float BranchScale { get; init; } = 1;

    public override Shape Input => new(Tokens, Dim);

    public int HeadDim => Dim / Heads;

    public LayerNormalize Norm => Folded && CanFoldNorm ? LayerNormalize.Plain(Epsilon) : LayerNormalize.Named(NormName, Dim, Epsilon);

    /// <summary>
    /// Whether the affine part of the normalization can be folded. Zeros around a map, which no normalization has seen, would
    /// get its shift, and without a bias of queries, keys and values there is no place for it.
    /// </summary>
    public bool CanFoldNorm => Windows is not { IsPadded: true } && HasQkvBias;

    public Linear Qkv => Linear.Named($"{Name}.qkv", Dim, 3 * Dim, HasQkvBias);

    public Linear Proj => Linear.Named($"{Name}.proj", Dim, Dim);

    /// <summary>What is added to the scores within windows; null for nothing.</summary>
    public RelativePositions? Positions => Windows is WindowGrid grid
        ? new RelativePositions(
            new TensorSpec(
                $"{Name}.relative_position_bias_table", TensorRole.Embedding, (2 * grid.Window - 1) * (2 * grid.Window - 1), Heads),
            grid)
        : null;

    public override Value Define(Graph graph, Value x)
    {
        Value normalized = graph.Add(Norm, x);
        Value tokens = Windows is WindowGrid cut ? graph.Add(new Gather(new WindowTable(cut, Dim)), normalized) : normalized;
        Value attended = graph.Add(new Attend(Heads, Folded ? 1 : 1 / MathF.Sqrt(HeadDim), Positions), graph.Add(Qkv, tokens));
        Value whole = Windows is WindowGrid grid ? graph.Add(new Gather(new FromWindowsTable(grid, Dim)), attended) : attended;
        return graph.Add(new Add(DropPath, Folded ? 1 : BranchScale), x, graph.Add(Proj, whole));
    }
}
