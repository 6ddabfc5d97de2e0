using RePaViT.MLNet.Images;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Scoring;

namespace RePaViT.MLNet.Tests.Saving;

[TestClass]
public sealed class ModelMetadataTests
{
    private static readonly ModelMetadata Sample = new()
    {
        Scoring = new ScoringDescription
        {
            FeatureColumnName = "é",
            Features = new ImageColumn(ImageColumnKind.File),
            ScoreColumnName = "Score",
            PredictedLabelColumnName = "PredictedLabel",
        },
        KeyType = "UInt32",
        ValueType = null,
    };

    [TestMethod]
    public void It_goes_to_text_and_back()
        => Assert.AreEqual(Sample, ModelMetadata.FromJson(Sample.ToEntry().Value));

    [TestMethod]
    public void What_it_is_stored_as_stays()
    {
        const string Features = """{"kind":"file","height":0,"width":0,"isInterleaved":false}""";
        const string Scoring =
            $$"""
            {"featureColumnName":"\u00E9","features":{{Features}},"scoreColumnName":"Score","predictedLabelColumnName":"PredictedLabel"}
            """;
        Assert.AreEqual($$"""{"scoring":{{Scoring}},"keyType":"UInt32","valueType":null}""", Sample.ToEntry().Value);
    }
}
