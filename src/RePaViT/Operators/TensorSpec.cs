namespace RePaViT.Operators;

/// <summary>What a tensor is for; decides how it starts, whether it is trained and whether it decays.</summary>
internal enum TensorRole
{
    /// <summary>A matrix or filter: starts from a truncated normal (sigma 0.02), trained with weight decay.</summary>
    Weight,

    /// <summary>A token or position table: starts like a weight, trained without weight decay.</summary>
    Embedding,

    /// <summary>An additive vector: starts at 0, trained without weight decay.</summary>
    Bias,

    /// <summary>The multiplier of a normalization: starts at 1, trained without weight decay.</summary>
    Scale,

    /// <summary>The running mean of a batch normalization: starts at 0, not trained.</summary>
    RunningMean,

    /// <summary>The running variance of a batch normalization: starts at 1, not trained.</summary>
    RunningVariance,
}

/// <summary>A tensor that an operator works with.</summary>
/// <param name="Name">The reference implementation's name.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Shape">Its shape, outermost dimension first.</param>
internal sealed record TensorSpec(string Name, TensorRole Role, params int[] Shape)
{
    /// <summary>What all of it starts at; null where its role says so.</summary>
    public float? Start { get; init; }

    /// <summary>Whether it is a filter of one place, [outputs, inputs, 1, 1], which is a matrix in all but its name.</summary>
    public bool IsPointwise { get; init; }

    public long Length => Shape.Aggregate(1L, (product, size) => product * size);

    public bool IsTrained => Role is not (TensorRole.RunningMean or TensorRole.RunningVariance);

    public bool Decays => Role == TensorRole.Weight;
}
