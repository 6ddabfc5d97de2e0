namespace RePaViT.Import.Names;

/// <summary>How images are prepared for networks of whose kind most were trained that way.</summary>
internal static class Preprocessings
{
    private static readonly Rgb Half = new(0.5f, 0.5f, 0.5f);

    /// <summary>The shorter side to 8/7 of the network's, its center, ImageNet's statistics.</summary>
    public static ImagePreprocessing ImageNet { get; } = new() { CropFraction = 0.875 };

    /// <summary>timm's transformers: the shorter side to 10/9.</summary>
    public static ImagePreprocessing Timm { get; } = new() { CropFraction = 0.9 };

    /// <summary>Mixers of the reference, which map values to [-1, 1].</summary>
    public static ImagePreprocessing Mixer { get; } = ImageNet with { Mean = Half, StandardDeviation = Half };

    /// <summary>timm's ViTs after "How to train your ViT" (arXiv 2106.10270).</summary>
    public static ImagePreprocessing TimmViT { get; } = Timm with { Mean = Half, StandardDeviation = Half };

    /// <summary>Hugging Face's ViTs: the whole image, which is squeezed there, and of which the center is taken here.</summary>
    public static ImagePreprocessing HuggingFace { get; } = new()
    {
        Mean = Half, StandardDeviation = Half, CropFraction = 1, Interpolation = Interpolation.Bilinear,
    };

    /// <summary>CLIP: the shorter side to the network's, its center, statistics of its own images.</summary>
    public static ImagePreprocessing Clip { get; } = new()
    {
        Mean = new(0.48145466f, 0.4578275f, 0.40821073f), StandardDeviation = new(0.26862954f, 0.26130258f, 0.27577711f), CropFraction = 1,
    };

    /// <summary>torchvision's ViTs.</summary>
    public static ImagePreprocessing TorchvisionViT { get; } = ImageNet with { Interpolation = Interpolation.Bilinear };

    /// <summary>torchvision's Swins: the shorter side to 238 for 224, give or take a few pixels by size.</summary>
    public static ImagePreprocessing TorchvisionSwin { get; } = new() { CropFraction = 224.0 / 238 };
}
