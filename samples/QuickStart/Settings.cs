namespace RePaViT.QuickStart;

/// <summary>The settings given on the command line.</summary>
internal sealed record Settings
{
    public required DirectoryInfo? Cifar10 { get; init; }

    public required DirectoryInfo? Idx { get; init; }

    /// <summary>Width, depth and heads to take; null for the sample's own network.</summary>
    public required Architecture? Preset { get; init; }

    /// <summary>Null for the network's own.</summary>
    public required double? IdleRatio { get; init; }

    /// <summary>Null to leave it to the recipe.</summary>
    public required int? Epochs { get; init; }

    public required DirectoryInfo Output { get; init; }

    public required bool Resume { get; init; }
}
