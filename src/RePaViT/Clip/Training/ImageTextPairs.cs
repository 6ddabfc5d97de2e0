namespace RePaViT;

/// <summary>Images and what they show, in words.</summary>
/// <param name="Images">The images. Their labels are not used.</param>
/// <param name="Texts">A text for each image, in the same order; or for each image of the whole data set of which they are a part.</param>
public sealed record ImageTextPairs(IImageDataset Images, IReadOnlyList<string> Texts);
