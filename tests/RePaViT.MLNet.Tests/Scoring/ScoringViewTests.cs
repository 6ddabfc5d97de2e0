using Microsoft.ML;
using Microsoft.ML.Data;
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
            [.. rows.Select(row => ImageFile.Decode(row.Image))]);
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

    [TestMethod]
    public void An_image_that_nobody_asks_for_does_not_get_into_later_rows()
    {
        ImageRow[] rows = ImageRow.Create(20, "a", "b", "c");
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(_context, "a", "b", "c");
        Scores[] all = Scores.Read(transformer.Transform(_context.Data.LoadFromEnumerable(rows)));
        rows[0].Image = [1, 2, 3];
        IDataView scored = transformer.Transform(_context.Data.LoadFromEnumerable(rows));

        using DataViewRowCursor cursor = scored.GetRowCursor([scored.Schema["Score"]]);
        ValueGetter<VBuffer<float>> getter = cursor.GetGetter<VBuffer<float>>(scored.Schema["Score"]);
        VBuffer<float> score = default;
        cursor.MoveNext();
        for (int i = 1; cursor.MoveNext(); i++)
        {
            getter(ref score);
            CollectionAssert.AreEqual(all[i].Score, score.GetValues().ToArray(), $"row {i}");
        }
    }
}
