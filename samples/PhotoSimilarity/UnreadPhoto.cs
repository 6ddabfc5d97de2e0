namespace RePaViT.PhotoSimilarity;

/// <summary>A photo that could not be compared.</summary>
/// <param name="Photo">Which.</param>
/// <param name="Reason">Why not.</param>
internal sealed record UnreadPhoto(Photo Photo, string Reason);
