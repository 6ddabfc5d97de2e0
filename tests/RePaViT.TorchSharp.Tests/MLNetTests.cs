using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Torch.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Torch.Tests;

/// <summary>ML.NET's trainer and transformer with TorchSharp under them.</summary>
[TestClass]
public sealed class MLNetTests : TorchTest
{
    // Float rounding of two engines, and of the few steps of training between them.
    private const double ScoreTolerance = 1e-5;
    private const double TrainingTolerance = 1e-2;

    [TestMethod]
    public void Training_and_scoring_through_TorchSharp_come_out_as_on_the_CPU()
    {
        using var setup = new TrainingSetup(images: 60);
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTransformer expected = Fit(setup, data, new ManagedBackend(), model => model);
        ImageClassificationRePaViTTransformer actual = Fit(
            setup,
            data,
            new TorchBackend(Device, TorchPrecision.Float32),
            model => model.With((network, _) => new TorchInferenceEngine(network, Device, TorchPrecision.Float32)));

        MulticlassClassificationMetrics metrics = setup.Context.MulticlassClassification.Evaluate(actual.Transform(data));
        Assert.IsGreaterThan(0.9, metrics.MicroAccuracy);
        AssertClose(TrainingSetup.Scores(expected, data), TrainingSetup.Scores(actual, data), TrainingTolerance);

        // What is saved knows nothing of TorchSharp.
        string path = setup.PathOf("model.onnx");
        actual.SaveAsOnnx(path);
        AssertClose(
            TrainingSetup.Scores(actual, data),
            TrainingSetup.Scores(setup.Context.Model.LoadRePaViT(path, RePaViT.Device.Cpu), data),
            ScoreTolerance);
    }

    [TestMethod]
    public void Features_through_TorchSharp_come_out_as_on_the_CPU()
    {
        using var setup = new TrainingSetup(images: 12);
        IDataView data = setup.Prepare(setup.LoadBytes());
        RePaViTModel model = TestModel.Create(ColorImages.Classes);
        RePaViTModel other = model.With((network, _) => new TorchInferenceEngine(network, Device, TorchPrecision.Float32));

        foreach (string output in model.Outputs)
        {
            Vectors.AreEqual(Features(model, output), Features(other, output), ScoreTolerance);
        }

        float[][] Features(RePaViTModel of, string output)
            => Vectors.Read(setup.Context.Transforms.RePaViTFeaturizer("Features", "Image", of, output).Fit(data).Transform(data));
    }

    private static ImageClassificationRePaViTTransformer Fit(
        TrainingSetup setup, IDataView data, ITrainingBackend backend, Func<RePaViTModel, RePaViTModel> place)
    {
        using IChannel channel = ((IHostEnvironment)setup.Context).Start("Training");
        return setup.CreateTrainer().Fit(data, channel, backend, place);
    }

    private static void AssertClose(float[][] expected, float[][] actual, double tolerance)
    {
        Assert.HasCount(expected.Length, actual);
        double difference = expected.Zip(actual).Max(rows => rows.First.Zip(rows.Second).Max(pair => Math.Abs(pair.First - pair.Second)));
        Assert.IsTrue(difference <= tolerance, $"{difference}");
    }
}
