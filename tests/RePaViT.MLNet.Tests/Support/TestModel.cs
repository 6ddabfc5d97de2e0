using Microsoft.ML.Runtime;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Scoring;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Support;

/// <summary>A transformer with random weights: scoring does not care where they come from.</summary>
internal static class TestModel
{
    private static readonly ViTArchitecture Architecture =
        new() { ImageSize = 12, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, IdleRatio = 0.7 };

    public static ScoringDescription Description { get; } = new()
    {
        FeatureColumnName = "Image",
        Features = new ImageColumn(ImageColumnKind.File),
        ScoreColumnName = "Score",
        PredictedLabelColumnName = "PredictedLabel",
    };

    /// <summary>Not the defaults: what is lost on the way shows.</summary>
    public static ImagePreprocessing Preprocessing { get; } = new()
    {
        Mean = new Rgb(0.4f, 0.5f, 0.6f),
        CropFraction = 0.9,
        ReducedSide = 13,
        Interpolation = Interpolation.Bilinear,
    };

    public static RePaViTModel Create(IReadOnlyList<string> classes, int seed = 1)
        => CreateTrained(classes, seed).Reparameterize();

    public static RePaViTModel CreateTrained(IReadOnlyList<string> classes, int seed = 1)
    {
        ViTArchitecture architecture = Architecture with { Classes = classes.Count };
        return new RePaViTModel(
            architecture,
            NetworkForm.Trained,
            RandomWeights.Network(architecture, seed).Weights,
            classes,
            Preprocessing);
    }

    public static ImageClassificationRePaViTTransformer CreateTransformer(
        IHostEnvironment environment, ClassKeys classes, ImageColumn? features = null)
        => new(
            environment,
            Description with { Features = features ?? Description.Features },
            classes,
            Create(classes.Names));

    public static ImageClassificationRePaViTTransformer CreateTransformer(IHostEnvironment environment, params string[] classes)
        => CreateTransformer(environment, ClassKeys.FromNames(classes));
}
