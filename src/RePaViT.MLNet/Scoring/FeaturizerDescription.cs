namespace RePaViT.MLNet.Scoring;

/// <summary>Which columns a featurizer reads and adds.</summary>
/// <param name="OutputColumnName">The column of what the model gives.</param>
/// <param name="InputColumnName">The column of images.</param>
/// <param name="Output">The model's name of what it gives.</param>
internal sealed record FeaturizerDescription(string OutputColumnName, string InputColumnName, string Output);
