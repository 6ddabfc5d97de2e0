namespace RePaViT.Training.Contrastive;

/// <summary>What of the texts of a contrastive run its outcome depends on.</summary>
internal sealed record ContrastDescription
{
    /// <summary>A hash of the embeddings of the training texts.</summary>
    public required string Texts { get; init; }

    /// <summary>The same of the validation texts; null without validation.</summary>
    public required string? ValidationTexts { get; init; }

    public required double LogitScale { get; init; }
}
