namespace RePaViT;

/// <summary>The activation of the hidden channels of a feed-forward layer that are not idle.</summary>
public enum FeedForwardActivation
{
    /// <summary>The Gaussian error linear unit x Phi(x), with the error function itself (Hendrycks and Gimpel, arXiv 1606.08415).</summary>
    Gelu,

    /// <summary>Its approximation x / (1 + exp(-1.702 x)), with which OpenAI's CLIP was trained.</summary>
    QuickGelu,
}
