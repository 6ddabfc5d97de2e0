namespace RePaViT;

/// <summary>Which project's names tensors get in a file for other programs.</summary>
public enum WeightNaming
{
    /// <summary>The RePaViT reference's, which are this library's own, with the buffers that PyTorch keeps there.</summary>
    Reference,

    /// <summary>
    /// timm's, for vanilla <see cref="ViTArchitecture"/> and <see cref="SwinArchitecture"/>. A ViT of this library's presets is
    /// timm's VisionTransformer with <c>pre_norm=True</c>.
    /// </summary>
    Timm,
}
