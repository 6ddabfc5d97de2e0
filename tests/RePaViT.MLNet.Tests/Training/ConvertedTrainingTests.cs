using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

[TestClass]
public sealed class ConvertedTrainingTests
{
    [TestMethod]
    public void A_converted_network_is_delivered_and_training_goes_on_from_what_it_was()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
        {
            Recipe = TrainingSetup.Options.Recipe with { ChannelIdleMethod = ChannelIdleMethod.Convert },
        };

        ImageClassificationRePaViTTransformer model = setup.CreateTrainer(options).Fit(data);
        ImageClassificationRePaViTTransformer next = setup.CreateTrainer(TrainingSetup.Options with { InitialModel = model }).Fit(data);

        foreach (ImageClassificationRePaViTTransformer converted in new[] { model, next })
        {
            AssertConverted(converted, setup, data);
            Assert.IsTrue(converted.TrainedModel!.Architecture.IsVanilla);
        }

        Assert.IsTrue(setup.Log.Any(message => message.Message.Contains("Converted: ", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void A_vanilla_model_is_trained_and_converted_unless_no_ratio_is_asked_for()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTrainer.Options vanilla = TrainingSetup.Options with
        {
            Architecture = TrainingSetup.Options.Architecture with { IdleRatio = null },
        };
        setup.CreateTrainer(vanilla).Fit(data).SaveAsOnnx(setup.PathOf("vanilla.onnx"));
        ImageClassificationRePaViTTransformer loaded = setup.Context.Model.LoadRePaViT(setup.PathOf("vanilla.onnx"));

        AssertConverted(setup.CreateTrainer(TrainingSetup.Options with { InitialModel = loaded }).Fit(data), setup, data);
        Assert.IsTrue(setup.CreateTrainer(vanilla with { InitialModel = loaded }).Fit(data).Model.Architecture.IsVanilla);
    }

    [TestMethod]
    public void Networks_are_converted_by_default_and_a_cancelled_conversion_leaves_the_vanilla_one()
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        using var cancellation = new CancellationTokenSource();
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
        {
            Recipe = TrainingSetup.Options.Recipe with { ChannelIdleMethod = ChannelIdleMethod.Auto },
        };

        ImageClassificationRePaViTTransformer whole = setup.CreateTrainer(options).Fit(data);
        ImageClassificationRePaViTTransformer cancelled = setup.CreateTrainer(options with
        {
            Progress = new Cancelling(cancellation), CancellationToken = cancellation.Token,
        }).Fit(data);

        AssertConverted(whole, setup, data);
        Assert.IsTrue(cancelled.Model.Architecture.IsVanilla);
        CollectionAssert.AreEqual(
            TrainingSetup.Scores(setup.Context.Model.LoadRePaViT(Saved(cancelled)), data)[0], TrainingSetup.Scores(cancelled, data)[0]);
        LoggingEventArgs warning = setup.Log.Single(message => message.RawMessage.Contains("The conversion was cancelled", StringComparison.Ordinal));
        StringAssert.Contains(warning.RawMessage, "InitialModel");

        string Saved(ImageClassificationRePaViTTransformer model)
        {
            model.SaveAsOnnx(setup.PathOf("model.onnx"));
            return setup.PathOf("model.onnx");
        }
    }

    private sealed class Cancelling(CancellationTokenSource cancellation) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Conversion is not null)
            {
                cancellation.Cancel();
            }
        }
    }

    private static void AssertConverted(ImageClassificationRePaViTTransformer model, TrainingSetup setup, IDataView data)
    {
        Assert.AreEqual(NetworkForm.Deployed, model.Model.Form);
        Assert.AreEqual(0.75, model.Model.Architecture.IdleRatio);
        Assert.AreEqual(FeedForwardNorm.LayerNorm, model.Model.Architecture.FeedForwardNorm);
        Assert.IsTrue(setup.Context.MulticlassClassification.Evaluate(model.Transform(data)).MicroAccuracy >= 0.95);
    }
}
