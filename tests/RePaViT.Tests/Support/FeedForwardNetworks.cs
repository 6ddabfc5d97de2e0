namespace RePaViT.Tests.Support;

/// <summary>Small networks of several families with every kind of feed-forward layer beside that of the paper.</summary>
internal static class FeedForwardNetworks
{
    private static readonly ViTArchitecture ViT = new() { ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = 3, IdleRatio = 0.7 };

    private static readonly PoolFormerArchitecture PoolFormer =
        new() { ImageSize = 12, Depths = [1, 2], Dims = [12, 20], LayerScale = 0.5, Classes = 3, IdleRatio = 0.7 };

    public static IEnumerable<object[]> All() =>
    [
        [ViT with { FeedForwardNorm = FeedForwardNorm.LayerNorm }],
        [
            new SwinArchitecture
            {
                ImageSize = 12, PatchSize = 2, Dim = 12, Depths = [2, 1], Heads = [2, 3], Window = 4, Classes = 3, FeedForwardNorm = FeedForwardNorm.None,
            },
        ],
        [
            new MixerArchitecture
            {
                ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Classes = 3, FeedForwardStructure = FeedForwardStructure.Merged,
            },
        ],
        [ViT with { FeedForwardStructure = FeedForwardStructure.Merged, FeedForwardNorm = FeedForwardNorm.LayerNorm, ActiveChannels = [0, 120] }],
        [ViT with { FeedForwardActivation = FeedForwardActivation.QuickGelu }],
        [PoolFormer with { FeedForwardNorm = FeedForwardNorm.LayerNorm }],
        [PoolFormer with { FeedForwardStructure = FeedForwardStructure.Merged, FeedForwardNorm = FeedForwardNorm.None }],
    ];
}
