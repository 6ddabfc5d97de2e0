namespace RePaViT.Training.Pixels;

/// <summary>What RandAugment may do to an image: timm's "increasing" set, whose operations do more with more magnitude.</summary>
internal enum ImageOperation
{
    AutoContrast,
    Equalize,
    Invert,
    Rotate,
    Posterize,
    Solarize,
    SolarizeAdd,
    Color,
    Contrast,
    Brightness,
    Sharpness,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
}
