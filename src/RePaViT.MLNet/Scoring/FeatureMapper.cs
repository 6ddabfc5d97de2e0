using Microsoft.ML;
using RePaViT.MLNet.Images;

namespace RePaViT.MLNet.Scoring;

/// <summary>Adds what a model gives at one of its outputs.</summary>
/// <param name="input">The columns of the input.</param>
/// <param name="description">Which columns are read and added.</param>
/// <param name="images">What the column of images has to hold.</param>
/// <param name="scorer">What computes the output.</param>
/// <exception cref="ArgumentException">The column of images is missing or holds something else.</exception>
internal sealed class FeatureMapper(DataViewSchema input, FeaturizerDescription description, ImageColumn images, ImageScorer scorer)
    : ScoringMapper(
        input,
        ScoringSchema.AddTo(input, description, scorer.Length),
        ScoringSchema.FindImages(input, description.InputColumnName, images),
        scorer)
{
    protected override Delegate CreateGetter(int added, ScoreReader scores) => CreateScoreGetter(scores);
}
