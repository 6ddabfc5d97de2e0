namespace RePaViT;

/// <summary>How far a download is.</summary>
/// <param name="Bytes">Bytes received so far.</param>
/// <param name="TotalBytes">Bytes to receive in all; null if the server does not say.</param>
public readonly record struct DownloadProgress(long Bytes, long? TotalBytes);
