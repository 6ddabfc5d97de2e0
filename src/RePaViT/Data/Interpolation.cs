namespace RePaViT;

/// <summary>The filter that resizes an image. Both widen with the reduction, so small images show no aliasing.</summary>
public enum Interpolation
{
    /// <summary>A triangle over 2 source pixels.</summary>
    Bilinear,

    /// <summary>A cubic (a = -0.5) over 4 source pixels.</summary>
    Bicubic,
}
