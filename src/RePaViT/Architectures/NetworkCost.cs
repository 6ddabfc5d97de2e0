namespace RePaViT;

/// <summary>The cost of a network.</summary>
/// <param name="Parameters">Weights, biases, scales and tokens; running statistics are not counted.</param>
/// <param name="WeightMultiplyAdds">
/// Multiply-adds per image in products with weights. The paper's tables give up to 0.3 percent more, because they also
/// count normalizations.
/// </param>
/// <param name="AttentionMultiplyAdds">Multiply-adds per image in attention scores and weighted sums of values.</param>
public readonly record struct NetworkCost(long Parameters, long WeightMultiplyAdds, long AttentionMultiplyAdds)
{
    /// <summary>All multiply-adds per image.</summary>
    public long MultiplyAdds => WeightMultiplyAdds + AttentionMultiplyAdds;
}
