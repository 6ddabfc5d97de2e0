using Microsoft.ML;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Scoring;

[TestClass]
public sealed class ScoringViewTests
{
    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    public void Scores_are_the_models_own_predictions()
    {
        ImageRow[] rows = ImageRow.Create(5, "a", "b", "c");
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(_context, "a", "b", "c");

        Scores[] scores = Scores.Read(transformer.Transform(_context.Data.LoadFromEnumerable(rows)));

        IReadOnlyList<Prediction> expected = TestModel.Create(["a", "b", "c"]).Predict(
            [.. rows.Select(row => ImageReader.Decode(row.Image))]);
        for (int i = 0; i < rows.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i].Probabilities.ToArray(), scores[i].Score);
            Assert.AreEqual(expected[i].Label + 1, (int)scores[i].PredictedLabel);
        }
    }

    [TestMethod]
    public void A_row_scores_the_same_alone_and_among_64()
    {
        ImageRow[] rows = ImageRow.Create(150, "a", "b", "c");
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(_context, "a", "b", "c");

        Scores[] together = Scores.Read(transformer.Transform(_context.Data.LoadFromEnumerable(rows)));

        Scores[] alone = [.. rows.SelectMany(
            row => Scores.Read(transformer.Transform(_context.Data.LoadFromEnumerable([row]))))];
        Scores.AreEqual(alone, together);
    }
}
