using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Scoring;

/// <summary>What users of ML.NET do with a model.</summary>
[TestClass]
public sealed class PredictionTests
{
    private const int Count = 24;

    private readonly MLContext _context = new(seed: 1);
    private readonly ImageRow[] _rows = ImageRow.Create(Count, "a", "b", "c");
    private readonly ImageClassificationRePaViTTransformer _transformer;
    private readonly Scores[] _expected;

    public PredictionTests()
    {
        _transformer = TestModel.CreateTransformer(_context, "a", "b", "c");
        _expected = Scores.Read(_transformer.Transform(_context.Data.LoadFromEnumerable(_rows)));
    }

    [TestMethod]
    public void Prediction_engines_give_the_same_and_may_be_disposed()
    {
        for (int i = 0; i < 2; i++)
        {
            using var engine = _context.Model.CreatePredictionEngine<ImageRow, RowPrediction>(_transformer);
            Scores.AreEqual(_expected, [.. _rows.Select(row => engine.Predict(row).ToScores())]);
        }
    }

    [TestMethod]
    public void Eight_threads_at_once_get_the_same()
    {
        IDataView scored = _transformer.Transform(_context.Data.LoadFromEnumerable(_rows));
        var results = new Scores[8][];

        Thread[] threads = [.. Enumerable.Range(0, 8).Select(i => new Thread(() => results[i] = Scores.Read(scored)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        foreach (Scores[] result in results)
        {
            Scores.AreEqual(_expected, result);
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Evaluation_and_values_of_keys_work_before_and_after_saving(bool saved)
    {
        IDataView rows = _context.Data.LoadFromEnumerable(_rows);
        ValueToKeyMappingTransformer labels = _context.Transforms.Conversion.MapValueToKey("Label").Fit(rows);
        ITransformer model = new TransformerChain<ITransformer>(labels, TestModel.CreateTransformer(
            _context, ClassKeys.Of(labels.GetOutputSchema(rows.Schema)["Label"])));
        model = new TransformerChain<ITransformer>(
            model, _context.Transforms.Conversion.MapKeyToValue("Name", "PredictedLabel").Fit(model.Transform(rows)));
        if (saved)
        {
            using var stream = new MemoryStream();
            _context.Model.Save(model, rows.Schema, stream);
            stream.Position = 0;
            model = _context.Model.Load(stream, out _);
        }

        IDataView scored = model.Transform(rows);
        MulticlassClassificationMetrics metrics = _context.MulticlassClassification.Evaluate(scored);

        string[] names = [.. scored.GetColumn<string>("Name")];
        CollectionAssert.AreEqual(_expected.Select(row => "abc"[(int)row.PredictedLabel - 1].ToString()).ToArray(), names);
        double right = names.Zip(_rows).Count(pair => pair.First == pair.Second.Label);
        Assert.AreEqual(right / Count, metrics.MicroAccuracy, 1e-9);
        CollectionAssert.AreEqual(new[] { 8d, 8d, 8d }, metrics.ConfusionMatrix.Counts.Select(row => row.Sum()).ToArray());
    }
}
