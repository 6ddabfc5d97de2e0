using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Scoring;

/// <summary>Which columns a transformer reads and adds. Stored with the model.</summary>
internal sealed record ScoringDescription
{
    /// <summary>The column of images.</summary>
    public required string FeatureColumnName { get; init; }

    /// <summary>What the column of images held when the model was trained; null if that is not known.</summary>
    public required ImageColumn? Features { get; init; }

    /// <summary>The column of class probabilities.</summary>
    public required string ScoreColumnName { get; init; }

    /// <summary>The column of the most probable class.</summary>
    public required string PredictedLabelColumnName { get; init; }
}
