namespace RePaViT.Import.Resampling;

/// <summary>How a project resamples positions for another image size: each by a bicubic of its own.</summary>
internal enum PositionFilter
{
    /// <summary>timm's.</summary>
    Antialiased,

    /// <summary>Hugging Face's.</summary>
    Cubic,
}
