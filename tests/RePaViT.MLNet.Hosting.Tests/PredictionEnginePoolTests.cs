using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ML;
using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Hosting.Tests;

[TestClass]
public sealed class PredictionEnginePoolTests
{
    private const int Count = 24;

    // A loaded model is run by ONNX Runtime, which adds up in another order.
    private const double Tolerance = 1e-5;

    [TestMethod]
    public void A_pool_of_prediction_engines_serves_a_saved_model()
    {
        var context = new MLContext(seed: 1);
        ImageRow[] rows = ImageRow.Create(Count, "a", "b", "c");
        IDataView data = context.Data.LoadFromEnumerable(rows);
        ImageClassificationRePaViTTransformer transformer = TestModel.CreateTransformer(context, "a", "b", "c");
        using var folder = new TemporaryFolder();
        string path = folder.File("model.zip");
        context.Model.Save(transformer, data.Schema, path);
        var services = new ServiceCollection();
        services.AddPredictionEnginePool<ImageRow, RowPrediction>().FromFile(path, watchForChanges: false);
        using ServiceProvider provider = services.BuildServiceProvider();
        var pool = provider.GetRequiredService<PredictionEnginePool<ImageRow, RowPrediction>>();

        var results = new Scores[Count];
        Parallel.For(0, Count, i => results[i] = pool.Predict(rows[i]).ToScores());

        Scores.AreEqual(Scores.Read(transformer.Transform(data)), results, Tolerance);
    }
}
