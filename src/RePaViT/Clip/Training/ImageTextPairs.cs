namespace RePaViT;

/// <summary>Images, each with a text that describes it.</summary>
/// <param name="Images">The images. Their labels are ignored.</param>
/// <param name="Texts">A text for each image, in the same order; or for each image of the whole data set that was split.</param>
public sealed record ImageTextPairs(IImageDataset Images, IReadOnlyList<string> Texts);
