namespace RePaViT.MLNet.Saving;

/// <summary>
/// Names inside a saved model: of columns that come and go within it, and of the mappings that ML.NET finds again by
/// them. They are part of the format. The prefix keeps them apart from what users call their columns.
/// </summary>
internal static class Helpers
{
    public const string Image = Prefix + "Image";
    public const string One = Prefix + "One";
    public const string Preparation = Prefix + "Preparation";
    public const string Pixels = Prefix + "Pixels";
    public const string Scores = Prefix + "Scores";
    public const string Class = Prefix + "Class";
    public const string Features = Prefix + "Features";

    public const string OneMapping = Prefix + "One";
    public const string ImageMapping = Prefix + "PrepareImage";
    public const string FileMapping = Prefix + "PrepareFile";
    public const string PixelsMapping = Prefix + "PreparePixels";
    public const string ClassMapping = Prefix + "MostProbableClass";

    private const string Prefix = "RePaViT.MLNet:";

    /// <summary>All columns of a classifier.</summary>
    public static string[] OfClassifier => [.. OfPreparation, Scores, Class];

    /// <summary>All columns of a featurizer.</summary>
    public static string[] OfFeaturizer => [.. OfPreparation, Features];

    private static string[] OfPreparation => [Image, One, Preparation, Pixels];
}
