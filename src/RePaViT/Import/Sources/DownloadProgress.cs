namespace RePaViT;

/// <summary>How far a download is.</summary>
/// <param name="Bytes">Bytes that have come so far.</param>
/// <param name="TotalBytes">Bytes that will come in all; null where the server does not say.</param>
public readonly record struct DownloadProgress(long Bytes, long? TotalBytes);
