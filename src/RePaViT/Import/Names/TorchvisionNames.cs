namespace RePaViT.Import.Names;

/// <summary>torchvision's models.</summary>
internal static class TorchvisionNames
{
    public static NameTable ViT { get; } = new()
    {
        Source = "torchvision ViT",
        Family = NetworkFamily.ViT,
        Has = ["conv_proj.weight", "class_token", "encoder.pos_embedding"],
        Rows =
        [
            new("patch_embed.proj", "conv_proj"),
            new("cls_token", "class_token"),
            new("pos_embed", "encoder.pos_embedding"),
            new("blocks.{block}.attn.norm", "encoder.layers.encoder_layer_{block}.ln_1"),
            new("blocks.{block}.attn.qkv.weight", "encoder.layers.encoder_layer_{block}.self_attention.in_proj_weight"),
            new("blocks.{block}.attn.qkv.bias", "encoder.layers.encoder_layer_{block}.self_attention.in_proj_bias"),
            new("blocks.{block}.attn.proj", "encoder.layers.encoder_layer_{block}.self_attention.out_proj"),
            new("blocks.{block}.mlp.norm", "encoder.layers.encoder_layer_{block}.ln_2"),
            new("blocks.{block}.mlp.fc1", "encoder.layers.encoder_layer_{block}.mlp.0"),
            new("blocks.{block}.mlp.fc1", "encoder.layers.encoder_layer_{block}.mlp.linear_1"),
            new("blocks.{block}.mlp.fc2", "encoder.layers.encoder_layer_{block}.mlp.3"),
            new("blocks.{block}.mlp.fc2", "encoder.layers.encoder_layer_{block}.mlp.linear_2"),
            new("norm", "encoder.ln"),
            new("head", "heads.head"),
        ],
        NormEpsilon = 1e-6,
        Preprocessing = Preprocessings.TorchvisionViT,
    };

    public static NameTable Swin { get; } = new()
    {
        Source = "torchvision Swin",
        Family = NetworkFamily.Swin,
        Has = ["features.0.0.weight", "features.1.0.attn.relative_position_bias_table", "features.1.0.mlp.0.weight"],

        // Swin V2, whose scores are computed otherwise.
        Lacks = ["features.1.0.attn.logit_scale"],
        Rows =
        [
            new("patch_embed.proj", "features.0.0"),
            new("patch_embed.norm", "features.0.2"),
            new("layers.{stage}.blocks.{block}.mlp.norm", "features.{2stage+1}.{block}.norm2"),
            new("layers.{stage}.blocks.{block}.mlp.fc1", "features.{2stage+1}.{block}.mlp.0"),
            new("layers.{stage}.blocks.{block}.mlp.fc2", "features.{2stage+1}.{block}.mlp.3"),
            new("layers.{stage}.blocks.{block}", "features.{2stage+1}.{block}"),
            new("layers.{stage}.downsample", "features.{2stage+2}"),
            new("norm", "norm"),
            new("head", "head"),
        ],
        Preprocessing = Preprocessings.TorchvisionSwin,
    };
}
