using RePaViT.Import.Resampling;

namespace RePaViT.Import.Names;

/// <summary>Hugging Face's transformers.</summary>
internal static class HuggingFaceNames
{
    public static NameTable ViT { get; } = new()
    {
        Source = "Hugging Face ViT",
        Family = NetworkFamily.ViT,
        Has = ["embeddings.patch_embeddings.projection.weight", "encoder.layer.0.layernorm_before.weight"],
        OptionalPrefix = "vit.",
        Rows =
        [
            new("patch_embed.proj", "embeddings.patch_embeddings.projection"),
            new("cls_token", "embeddings.cls_token"),
            new("pos_embed", "embeddings.position_embeddings"),
            new("blocks.{block}.attn.norm", "encoder.layer.{block}.layernorm_before"),
            new(
                "blocks.{block}.attn.qkv",
                "encoder.layer.{block}.attention.attention.query",
                "encoder.layer.{block}.attention.attention.key",
                "encoder.layer.{block}.attention.attention.value"),
            new("blocks.{block}.attn.proj", "encoder.layer.{block}.attention.output.dense"),
            new("blocks.{block}.mlp.norm", "encoder.layer.{block}.layernorm_after"),
            new("blocks.{block}.mlp.fc1", "encoder.layer.{block}.intermediate.dense"),
            new("blocks.{block}.mlp.fc2", "encoder.layer.{block}.output.dense"),
            new("norm", "layernorm"),
            new("head", "classifier"),
        ],
        Optional = ["pooler.", "embeddings.mask_token"],
        PositionFilter = PositionFilter.Cubic,
        NormEpsilon = 1e-12,
        Preprocessing = Preprocessings.HuggingFace,
    };

    public static NameTable DinoV2 { get; } = new()
    {
        Source = "Hugging Face DINOv2",
        Family = NetworkFamily.ViT,
        Has = ["embeddings.patch_embeddings.projection.weight", "encoder.layer.0.layer_scale1.lambda1", "encoder.layer.0.mlp.fc1.weight"],
        OptionalPrefix = "dinov2.",
        Rows =
        [
            new("patch_embed.proj", "embeddings.patch_embeddings.projection"),
            new("cls_token", "embeddings.cls_token"),
            new("pos_embed", "embeddings.position_embeddings"),
            new("reg_token", "embeddings.register_tokens"),
            new("blocks.{block}.attn.norm", "encoder.layer.{block}.norm1"),
            new(
                "blocks.{block}.attn.qkv",
                "encoder.layer.{block}.attention.attention.query",
                "encoder.layer.{block}.attention.attention.key",
                "encoder.layer.{block}.attention.attention.value"),
            new("blocks.{block}.attn.proj", "encoder.layer.{block}.attention.output.dense"),
            new("blocks.{block}.mlp.norm", "encoder.layer.{block}.norm2"),
            new("blocks.{block}.mlp", "encoder.layer.{block}.mlp"),
            new("norm", "layernorm"),
        ],
        Scales =
        [
            new("blocks.{block}.attn.proj", "encoder.layer.{block}.layer_scale1.lambda1"),
            new("blocks.{block}.mlp.fc2", "encoder.layer.{block}.layer_scale2.lambda1"),
        ],
        Optional = ["embeddings.mask_token"],
        PositionFilter = PositionFilter.Cubic,
        NormEpsilon = 1e-6,
        Preprocessing = Preprocessings.ImageNet,
    };

    /// <summary>The image tower of CLIP, alone or together with the text tower.</summary>
    public static NameTable Clip { get; } = new()
    {
        Source = "Hugging Face CLIP",
        Family = NetworkFamily.ViT,
        Has = ["vision_model.embeddings.patch_embedding.weight", "vision_model.embeddings.class_embedding", "vision_model.pre_layrnorm.weight"],
        Rows =
        [
            new("patch_embed.proj", "vision_model.embeddings.patch_embedding"),
            new("cls_token", "vision_model.embeddings.class_embedding"),
            new("pos_embed", "vision_model.embeddings.position_embedding.weight"),

            // So it is spelled.
            new("norm_pre", "vision_model.pre_layrnorm"),
            new("blocks.{block}.attn.norm", "vision_model.encoder.layers.{block}.layer_norm1"),
            new(
                "blocks.{block}.attn.qkv",
                "vision_model.encoder.layers.{block}.self_attn.q_proj",
                "vision_model.encoder.layers.{block}.self_attn.k_proj",
                "vision_model.encoder.layers.{block}.self_attn.v_proj"),
            new("blocks.{block}.attn.proj", "vision_model.encoder.layers.{block}.self_attn.out_proj"),
            new("blocks.{block}.mlp.norm", "vision_model.encoder.layers.{block}.layer_norm2"),
            new("blocks.{block}.mlp", "vision_model.encoder.layers.{block}.mlp"),
            new("norm", "vision_model.post_layernorm"),
            new("head", "visual_projection"),
        ],
        Optional = ["vision_model.embeddings.position_ids", "logit_scale"],
        HasProjection = true,
        Activation = null,
        PositionFilter = PositionFilter.Cubic,
        NormEpsilon = 1e-5,
        Preprocessing = Preprocessings.Clip,
    };
}
