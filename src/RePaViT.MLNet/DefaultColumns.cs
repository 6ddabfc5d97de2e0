namespace RePaViT.MLNet;

/// <summary>The names that ML.NET's trainers use where the user gives none.</summary>
internal static class DefaultColumns
{
    public const string Label = "Label";
    public const string Features = "Features";
    public const string Score = "Score";
    public const string PredictedLabel = "PredictedLabel";
}
