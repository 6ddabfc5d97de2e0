namespace RePaViT.Import.Names;

/// <summary>The towers of CLIP that read texts, with what brings both towers together. Their tensors have names of this library's own.</summary>
internal static class ClipTextNames
{
    private const string Block = "transformer.resblocks.{block}";
    private const string HuggingFaceBlock = "text_model.encoder.layers.{block}";

    /// <summary>As OpenAI and OpenCLIP name them; some of OpenCLIP's stand under a name of their own.</summary>
    public static NameTable OpenAI { get; } = new()
    {
        Source = "OpenAI or OpenCLIP, text tower",
        Family = NetworkFamily.ClipText,
        Has = ["token_embedding.weight", "positional_embedding", "ln_final.weight"],
        OptionalPrefix = "text.",
        Rows =
        [
            new("token_embed", "token_embedding"),
            new("pos_embed", "positional_embedding"),
            new("blocks.{block}.attn.norm", Block + ".ln_1"),
            new("blocks.{block}.attn.qkv.weight", Block + ".attn.in_proj_weight"),
            new("blocks.{block}.attn.qkv.bias", Block + ".attn.in_proj_bias"),
            new("blocks.{block}.attn.proj", Block + ".attn.out_proj"),
            new("blocks.{block}.mlp.norm", Block + ".ln_2"),
            new("blocks.{block}.mlp.fc1", Block + ".mlp.c_fc"),
            new("blocks.{block}.mlp.fc2", Block + ".mlp.c_proj"),
            new("norm", "ln_final"),
            new("projection.weight", "text_projection") { IsTransposed = true },
            new("logit_scale", "logit_scale"),
        ],
        Scales =
        [
            new("blocks.{block}.attn.proj", Block + ".ls_1.gamma"),
            new("blocks.{block}.mlp.fc2", Block + ".ls_2.gamma"),
        ],
        Optional = ["logit_bias", "input_resolution", "context_length", "vocab_size"],
        Activation = null,
        ScriptActivation = FeedForwardActivation.QuickGelu,
        NormEpsilon = 1e-5,
        Preprocessing = Preprocessings.Clip,
    };

    /// <summary>As Hugging Face names them.</summary>
    public static NameTable HuggingFace { get; } = new()
    {
        Source = "Hugging Face CLIP, text tower",
        Family = NetworkFamily.ClipText,
        Has = ["text_model.embeddings.token_embedding.weight", "text_model.final_layer_norm.weight"],
        Rows =
        [
            new("token_embed", "text_model.embeddings.token_embedding"),
            new("pos_embed", "text_model.embeddings.position_embedding.weight"),
            new("blocks.{block}.attn.norm", HuggingFaceBlock + ".layer_norm1"),
            new(
                "blocks.{block}.attn.qkv",
                HuggingFaceBlock + ".self_attn.q_proj", HuggingFaceBlock + ".self_attn.k_proj", HuggingFaceBlock + ".self_attn.v_proj"),
            new("blocks.{block}.attn.proj", HuggingFaceBlock + ".self_attn.out_proj"),
            new("blocks.{block}.mlp.norm", HuggingFaceBlock + ".layer_norm2"),
            new("blocks.{block}.mlp", HuggingFaceBlock + ".mlp"),
            new("norm", "text_model.final_layer_norm"),
            new("projection", "text_projection"),
            new("logit_scale", "logit_scale"),
        ],
        Optional = ["text_model.embeddings.position_ids"],
        Activation = null,
        NormEpsilon = 1e-5,
        Preprocessing = Preprocessings.Clip,
    };

    public static IReadOnlyList<NameTable> All { get; } = [OpenAI, HuggingFace];
}
