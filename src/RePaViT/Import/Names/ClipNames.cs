namespace RePaViT.Import.Names;

/// <summary>
/// Image towers of CLIP (Radford et al., arXiv 2103.00020) as OpenAI and OpenCLIP name them. What projects an image to the space
/// that it shares with texts stands in the place of the head.
/// </summary>
internal static class ClipNames
{
    /// <summary>Beside the tower of texts.</summary>
    public static NameTable Both { get; } = Create("OpenAI or OpenCLIP, CLIP", "visual.");

    /// <summary>Alone.</summary>
    public static NameTable Tower { get; } = Create("OpenAI or OpenCLIP, image tower", "");

    private static NameTable Create(string source, string prefix)
    {
        string block = prefix + "transformer.resblocks.{block}";
        return new()
        {
            Source = source,
            Family = NetworkFamily.ViT,
            Has = [prefix + "conv1.weight", prefix + "class_embedding", prefix + "ln_pre.weight", prefix + "ln_post.weight"],
            Rows =
            [
                new("patch_embed.proj", prefix + "conv1"),
                new("cls_token", prefix + "class_embedding"),
                new("pos_embed", prefix + "positional_embedding"),
                new("norm_pre", prefix + "ln_pre"),
                new("blocks.{block}.attn.norm", block + ".ln_1"),
                new("blocks.{block}.attn.qkv.weight", block + ".attn.in_proj_weight"),
                new("blocks.{block}.attn.qkv.bias", block + ".attn.in_proj_bias"),
                new("blocks.{block}.attn.proj", block + ".attn.out_proj"),
                new("blocks.{block}.mlp.norm", block + ".ln_2"),
                new("blocks.{block}.mlp.fc1", block + ".mlp.c_fc"),
                new("blocks.{block}.mlp.fc2", block + ".mlp.c_proj"),
                new("norm", prefix + "ln_post"),
                new("head.weight", prefix + "proj") { IsTransposed = true },
            ],
            Scales =
            [
                new("blocks.{block}.attn.proj", block + ".ls_1.gamma"),
                new("blocks.{block}.mlp.fc2", block + ".ls_2.gamma"),
            ],
            Optional =
            [
                "positional_embedding", "text_projection", "logit_scale", "logit_bias", "input_resolution", "context_length", "vocab_size",
            ],
            HasProjection = true,
            Activation = null,
            ScriptActivation = FeedForwardActivation.QuickGelu,
            NormEpsilon = 1e-5,
            Preprocessing = Preprocessings.Clip,
        };
    }
}
