namespace RePaViT.Import.Names;

/// <summary>All namings that are known.</summary>
internal static class NameTables
{
    public static IReadOnlyList<NameTable> All { get; } =
    [
        ReferenceNames.ViT,
        ReferenceNames.Swin,
        ReferenceNames.Mixer,
        ReferenceNames.PoolFormer,
        ReferenceNames.LVViT,
        ReferenceNames.OriginalLVViT,
        TimmNames.ClipTower,
        TimmNames.ViT,
        TimmNames.Swin,
        TimmNames.OriginalSwin,
        TorchvisionNames.ViT,
        TorchvisionNames.Swin,
        HuggingFaceNames.ViT,
        HuggingFaceNames.DinoV2,
        HuggingFaceNames.Clip,
        ClipNames.Both,
        ClipNames.Tower,
    ];
}
