namespace RePaViT.Import.Names;

/// <summary>PyTorch Image Models, and what has the same names: DeiT, DINOv2, MAE, and Swin as it was published.</summary>
internal static class TimmNames
{
    /// <summary>The normalization of a mean of tokens.</summary>
    public const string PooledNorm = "fc_norm";

    public static NameTable ViT { get; } = new()
    {
        Source = "timm ViT",
        Family = NetworkFamily.ViT,
        Has = ["patch_embed.proj.weight", "pos_embed", "blocks.0.norm1.weight", "blocks.0.attn.qkv.weight", "blocks.0.mlp.fc1.weight"],
        Lacks = ["patch_embed.conv1.weight"],
        Rows =
        [
            new("blocks.{block}.attn.norm", "blocks.{block}.norm1"),
            new("blocks.{block}.mlp.norm", "blocks.{block}.norm2"),
            new("norm", "norm"),
            new("norm", PooledNorm),
            new("reg_token", "reg_token"),
            new("reg_token", "register_tokens"),
            new("", ""),
        ],
        Scales =
        [
            new("blocks.{block}.attn.proj", "blocks.{block}.ls1.gamma"),
            new("blocks.{block}.attn.proj", "blocks.{block}.gamma_1"),
            new("blocks.{block}.mlp.fc2", "blocks.{block}.ls2.gamma"),
            new("blocks.{block}.mlp.fc2", "blocks.{block}.gamma_2"),
        ],
        Optional = ["mask_token", "pre_logits."],
        NormEpsilon = 1e-6,
        Preprocessing = Preprocessings.TimmViT,
    };

    /// <summary>The image tower of CLIP, which normalizes tokens before the first block.</summary>
    public static NameTable ClipTower { get; } = ViT with
    {
        Source = "timm CLIP image tower",
        Has = [.. ViT.Has, "norm_pre.weight"],
        Activation = null,
        NormEpsilon = 1e-5,
        Preprocessing = Preprocessings.Clip,
    };

    /// <summary>Since timm 0.9: a stage begins with its downsampling.</summary>
    public static NameTable Swin { get; } = new()
    {
        Source = "timm Swin",
        Family = NetworkFamily.Swin,
        Has = ["patch_embed.proj.weight", "layers.0.blocks.0.norm2.weight"],
        Lacks = ["layers.0.downsample.reduction.weight"],
        Rows =
        [
            new("layers.{stage}.blocks.{block}.mlp.norm", "layers.{stage}.blocks.{block}.norm2"),
            new("layers.{stage}.downsample", "layers.{stage+1}.downsample"),
            new("head", "head.fc"),
            new("", ""),
        ],
        Preprocessing = Preprocessings.Timm,
    };

    /// <summary>As Swin was published, and timm before 0.9: a stage ends with its downsampling.</summary>
    public static NameTable OriginalSwin { get; } = new()
    {
        Source = "original Swin",
        Family = NetworkFamily.Swin,
        Has = ["patch_embed.proj.weight", "layers.0.blocks.0.norm2.weight", "layers.0.downsample.reduction.weight"],
        Rows =
        [
            new("layers.{stage}.blocks.{block}.mlp.norm", "layers.{stage}.blocks.{block}.norm2"),
            new("", ""),
        ],
        Preprocessing = Preprocessings.ImageNet,
    };
}
