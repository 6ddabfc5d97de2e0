namespace RePaViT;

/// <summary>The rule by which gradients change weights.</summary>
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101).</summary>
    AdamW,

    /// <summary>
    /// Adam's direction, scaled for each tensor to the size of its weights (You et al., arXiv 1904.00962); for large batches.
    /// </summary>
    Lamb,
}
