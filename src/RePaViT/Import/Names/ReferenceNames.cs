namespace RePaViT.Import.Names;

/// <summary>The RePaViT reference implementation, whose names are this library's own.</summary>
internal static class ReferenceNames
{
    private static readonly NameRow[] Same = [new("", "")];

    public static NameTable ViT { get; } = new()
    {
        Source = "RePaViT reference, ViT",
        Family = NetworkFamily.ViT,
        Has = ["patch_embed.proj.weight", "pos_embed", "blocks.0.attn.norm.weight"],
        Lacks = ["patch_embed.conv1.weight"],
        Rows = Same,
        HasIdleChannels = true,
        Preprocessing = Preprocessings.ImageNet,
    };

    public static NameTable Swin { get; } = new()
    {
        Source = "RePaViT reference, Swin",
        Family = NetworkFamily.Swin,
        Has = ["patch_embed.proj.weight", "layers.0.blocks.0.attn.qkv.weight", "layers.0.blocks.0.mlp.fc1.weight"],
        Lacks = ["layers.0.blocks.0.norm2.weight"],
        Rows = Same,
        HasIdleChannels = true,
        Preprocessing = Preprocessings.ImageNet,
    };

    public static NameTable Mixer { get; } = new()
    {
        Source = "RePaViT reference, Mixer",
        Family = NetworkFamily.Mixer,
        Has = ["stem.proj.weight", "blocks.0.mlp_tokens.fc1.weight", "blocks.0.mlp_channels.fc1.weight"],
        Rows = Same,
        HasIdleChannels = true,
        Preprocessing = Preprocessings.Mixer,
    };

    public static NameTable PoolFormer { get; } = new()
    {
        Source = "RePaViT reference, PoolFormer",
        Family = NetworkFamily.PoolFormer,
        Has = ["patch_embed.proj.weight", "network.0.0.mlp.fc1.weight", "network.0.0.norm1.weight"],
        Rows = Same,
        HasIdleChannels = true,
        Preprocessing = Preprocessings.ImageNet,
    };

    public static NameTable LVViT { get; } = new()
    {
        Source = "RePaViT reference, LV-ViT",
        Family = NetworkFamily.LVViT,
        Has = ["patch_embed.conv1.weight", "pos_embed", "blocks.0.norm1.weight", "blocks.0.mlp.fc1.weight"],
        Lacks = ["blocks.0.norm2.weight"],
        Rows = Same,
        HasIdleChannels = true,
        Preprocessing = Preprocessings.Timm,
    };

    /// <summary>LV-ViT as it was published.</summary>
    public static NameTable OriginalLVViT { get; } = LVViT with
    {
        Source = "original LV-ViT",
        Has = [.. LVViT.Has, "blocks.0.norm2.weight"],
        Lacks = [],
        Rows = [new("blocks.{block}.mlp.norm", "blocks.{block}.norm2"), .. Same],
        HasIdleChannels = false,
    };
}
