namespace RePaViT.Inference;

/// <summary>What a step of a plan does.</summary>
/// <param name="Name">The operators in whose place it stands, and their shapes.</param>
/// <param name="MultiplyAdds">For one image.</param>
internal sealed record PlanPart(string Name, long MultiplyAdds);
