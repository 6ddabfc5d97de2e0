namespace RePaViT.Architectures;

/// <summary>
/// One layer of a network, as data. An architecture is a list of these; every engine builds itself by walking the list,
/// so a new architecture is a new list, and a new layer is one more case in each engine.
/// </summary>
internal abstract record Layer
{
    /// <summary>The tensors of this layer, in the order in which they are stored.</summary>
    public abstract IEnumerable<TensorSpec> Tensors { get; }

    /// <summary>Multiply-adds per image in products of weights and activations.</summary>
    public abstract long WeightMultiplyAdds { get; }

    /// <summary>Multiply-adds per image in products of activations: attention scores and their use.</summary>
    public virtual long AttentionMultiplyAdds => 0;
}

/// <summary>
/// Cuts an image [channels, size, size] into patches and projects each to a token: [tokens, dim]. There is no bias in
/// training, but folding the input normalization makes one.
/// </summary>
internal sealed record PatchEmbedding(string Name, int ImageSize, int PatchSize, int Channels, int Dim, bool Bias) : Layer
{
    public int Tokens => ImageSize / PatchSize * (ImageSize / PatchSize);

    public int PatchLength => Channels * PatchSize * PatchSize;

    public string Weight => $"{Name}.weight";

    public string BiasName => $"{Name}.bias";

    public override IEnumerable<TensorSpec> Tensors
    {
        get
        {
            yield return new(Weight, TensorRole.Weight, Dim, Channels, PatchSize, PatchSize);
            if (Bias)
            {
                yield return new(BiasName, TensorRole.Bias, Dim);
            }
        }
    }

    public override long WeightMultiplyAdds => (long)Tokens * PatchLength * Dim;
}

/// <summary>Puts a class token before the patch tokens and adds the position table: [1 + patches, dim].</summary>
internal sealed record TokenEmbedding(string ClassToken, string Positions, int Tokens, int Dim) : Layer
{
    public override IEnumerable<TensorSpec> Tensors =>
    [
        new(ClassToken, TensorRole.Embedding, 1, 1, Dim),
        new(Positions, TensorRole.Embedding, 1, Tokens, Dim),
    ];

    public override long WeightMultiplyAdds => 0;
}

/// <summary>Normalizes each token over its channels.</summary>
internal sealed record LayerNormalization(string Name, int Dim, float Epsilon) : Layer
{
    public string Weight => $"{Name}.weight";

    public string Bias => $"{Name}.bias";

    public override IEnumerable<TensorSpec> Tensors =>
        [new(Weight, TensorRole.Scale, Dim), new(Bias, TensorRole.Bias, Dim)];

    public override long WeightMultiplyAdds => 0;
}

/// <summary>
/// a = x + DropPath(Proj(MHSA(LN(x)))). Folded, the affine part of the normalization and the scale 1/sqrt(head dim) are
/// already part of the qkv weights.
/// </summary>
internal sealed record AttentionBlock(
    string Name, int Block, int Tokens, int Dim, int Heads, float Epsilon, bool Folded) : Layer
{
    public int HeadDim => Dim / Heads;

    public LayerNormalization Norm => new($"{Name}.norm", Dim, Epsilon);

    public Projection Qkv => new($"{Name}.qkv", Tokens, Dim, 3 * Dim);

    public Projection Proj => new($"{Name}.proj", Tokens, Dim, Dim);

    public override IEnumerable<TensorSpec> Tensors => [.. Folded ? [] : Norm.Tensors, .. Qkv.Tensors, .. Proj.Tensors];

    public override long WeightMultiplyAdds => Qkv.WeightMultiplyAdds + Proj.WeightMultiplyAdds;

    public override long AttentionMultiplyAdds => 2L * Tokens * Tokens * Dim;
}

/// <summary>y = a + DropPath(GELU(LN(a) W1' + b1) W2' + b2): the feed-forward layer of a vanilla transformer.</summary>
internal sealed record VanillaFeedForward(
    string Name, int Block, int Tokens, int Dim, int Hidden, float Epsilon) : Layer
{
    public LayerNormalization Norm => new($"{Name}.norm", Dim, Epsilon);

    public Projection Input => new($"{Name}.fc1", Tokens, Dim, Hidden);

    public Projection Output => new($"{Name}.fc2", Tokens, Hidden, Dim);

    public override IEnumerable<TensorSpec> Tensors => [.. Norm.Tensors, .. Input.Tensors, .. Output.Tensors];

    public override long WeightMultiplyAdds => Input.WeightMultiplyAdds + Output.WeightMultiplyAdds;
}

/// <summary>
/// u = BN1(a) W1' + b1; v = [GELU(u[:, :k]), u[:, k:]]; y = a + DropPath(BN2(v) W2' + b2): the channel-idle
/// feed-forward layer in training form, k = <paramref name="Active"/>.
/// </summary>
internal sealed record ChannelIdleFeedForward(
    string Name, int Block, int Tokens, int Dim, int Hidden, int Active, float Epsilon) : Layer
{
    public BatchNormalization InputNorm => new($"{Name}.norm1", Dim, Epsilon);

    public Projection Input => new($"{Name}.fc1", Tokens, Dim, Hidden);

    public BatchNormalization HiddenNorm => new($"{Name}.norm2", Hidden, Epsilon);

    public Projection Output => new($"{Name}.fc2", Tokens, Hidden, Dim);

    public override IEnumerable<TensorSpec> Tensors =>
        [.. InputNorm.Tensors, .. Input.Tensors, .. HiddenNorm.Tensors, .. Output.Tensors];

    public override long WeightMultiplyAdds => Input.WeightMultiplyAdds + Output.WeightMultiplyAdds;
}

/// <summary>
/// y = GELU(a Win' + bin) Wout' + a M' + b: the feed-forward layer after structural reparameterization. M holds the
/// idle channels and the shortcut; without active channels only M is left.
/// </summary>
internal sealed record ReparameterizedFeedForward(string Name, int Block, int Tokens, int Dim, int Active) : Layer
{
    public Projection Merged => new($"{Name}.fc1", Tokens, Dim, Dim);

    public Projection Input => new($"{Name}.fc2", Tokens, Dim, Active);

    public Projection Output => new($"{Name}.fc3", Tokens, Active, Dim, HasBias: false);

    public override IEnumerable<TensorSpec> Tensors =>
        Active == 0 ? Merged.Tensors : [.. Merged.Tensors, .. Input.Tensors, .. Output.Tensors];

    public override long WeightMultiplyAdds
        => Merged.WeightMultiplyAdds + (Active == 0 ? 0 : Input.WeightMultiplyAdds + Output.WeightMultiplyAdds);
}

/// <summary>Keeps the class token: [tokens, dim] to [dim].</summary>
internal sealed record ClassTokenPooling(int Tokens, int Dim) : Layer
{
    public override IEnumerable<TensorSpec> Tensors => [];

    public override long WeightMultiplyAdds => 0;
}

/// <summary>y = x W' + b, for each of <paramref name="Tokens"/> rows.</summary>
internal sealed record Projection(string Name, int Tokens, int Inputs, int Outputs, bool HasBias = true) : Layer
{
    public string Weight => $"{Name}.weight";

    public string Bias => $"{Name}.bias";

    public override IEnumerable<TensorSpec> Tensors
    {
        get
        {
            yield return new(Weight, TensorRole.Weight, Outputs, Inputs);
            if (HasBias)
            {
                yield return new(Bias, TensorRole.Bias, Outputs);
            }
        }
    }

    public override long WeightMultiplyAdds => (long)Tokens * Inputs * Outputs;
}

/// <summary>The tensors of a batch normalization over all rows, per channel. Part of a feed-forward layer.</summary>
internal sealed record BatchNormalization(string Name, int Dim, float Epsilon)
{
    /// <summary>The share of a batch in the running statistics: PyTorch's default, which the reference keeps.</summary>
    public const float Momentum = 0.1f;

    public string Weight => $"{Name}.weight";

    public string Bias => $"{Name}.bias";

    public string Mean => $"{Name}.running_mean";

    public string Variance => $"{Name}.running_var";

    public IEnumerable<TensorSpec> Tensors =>
    [
        new(Weight, TensorRole.Scale, Dim),
        new(Bias, TensorRole.Bias, Dim),
        new(Mean, TensorRole.RunningMean, Dim),
        new(Variance, TensorRole.RunningVariance, Dim),
    ];
}
