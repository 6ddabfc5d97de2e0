namespace RePaViT;

/// <summary>What hidden channels of a feed-forward layer pass through, those that are not idle.</summary>
public enum FeedForwardActivation
{
    /// <summary>The Gaussian error linear unit x Phi(x), with the error function itself (Hendrycks and Gimpel, arXiv 1606.08415).</summary>
    Gelu,

    /// <summary>Its approximation x / (1 + exp(-1.702 x)), which OpenAI's CLIP was trained with.</summary>
    QuickGelu,
}
