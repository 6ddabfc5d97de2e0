using Microsoft.ML;
using RePaViT.MLNet.Tests.Support;

namespace RePaViT.MLNet.Tests.Training;

[TestClass]
public sealed class PretrainedTests
{
    private static readonly ViTArchitecture Vanilla = new() { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8, IdleRatio = null };

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Training_goes_on_from_a_file_of_weights(bool isVanilla)
    {
        using var setup = new TrainingSetup();
        IDataView data = setup.Prepare(setup.LoadBytes());
        ImageClassificationRePaViTTrainer.Options options = isVanilla ? TrainingSetup.Options with { Architecture = Vanilla } : TrainingSetup.Options;
        RePaViTModel model = setup.CreateTrainer(options).Fit(data).Model;
        model.SaveWeights(setup.PathOf("x.safetensors"), isVanilla ? WeightNaming.Timm : WeightNaming.Reference);
        var losses = new List<double>();
        PretrainedReport? report = null;
        options = options with { Epoch = 1, LearningRate = 1e-4, MetricsCallback = epoch => losses.Add(epoch.Validation!.Loss) };

        setup.CreateTrainer(options with
        {
            Pretrained = PretrainedSource.FromFile(setup.PathOf("x.safetensors")),
            PretrainedOptions = new PretrainedOptions { Report = found => report = found },
            Transfer = null,
        }).Fit(data);
        setup.CreateTrainer(options).Fit(data);

        Assert.IsTrue(losses[0] < 0.5 * losses[1], $"{losses[0]} with the weights, {losses[1]} without");
        Assert.IsNotNull(report);
        string line = setup.Log.Single(message => message.RawMessage.StartsWith("Starts from", StringComparison.Ordinal)).RawMessage;
        StringAssert.Contains(line, "x.safetensors");
        StringAssert.Contains(line, "read as RePaViT.MLNet");
    }

    [TestMethod]
    public void Images_of_another_size_and_other_classes_are_trained_on_and_resumed()
    {
        using var setup = new TrainingSetup(images: 24);
        IDataView data = setup.Prepare(setup.LoadBytes());
        using var stream = new MemoryStream();
        new Trainer(Vanilla with { Classes = 2 }, TrainingSetup.Options.Recipe with { Epochs = 1, BatchSize = 2 })
            .Fit(new InMemoryImageDataset([new RgbImage(1, 1, new byte[3]), new RgbImage(1, 1, new byte[3])], [0, 1], ["a", "b"]))
            .Model.SaveWeights(setup.PathOf("x.safetensors"));
        stream.Write(File.ReadAllBytes(setup.PathOf("x.safetensors")));
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with
        {
            Architecture = Vanilla,
            Epoch = 1,
            CheckpointFolder = setup.PathOf("run"),
            Resume = true,
            Pretrained = PretrainedSource.FromStream(stream),
            PretrainedOptions = new PretrainedOptions { ImageSize = 24 },
            Transfer = null,
        };

        RePaViTModel first = setup.CreateTrainer(options).Fit(data).Model;
        RePaViTModel second = setup.CreateTrainer(options).Fit(data).Model;

        Assert.AreEqual(Vanilla with { ImageSize = 24, Classes = 3 }, first.Architecture);
        Assert.AreEqual(first.Architecture, second.Architecture);
        Assert.IsTrue(first.Weights["head.weight"].Data.SequenceEqual(second.Weights["head.weight"].Data));
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.Contains("Resampled: pos_embed", StringComparison.Ordinal)));
        Assert.IsTrue(setup.Log.Any(message => message.RawMessage.Contains("Pretrained brings its own", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void Options_that_exclude_each_other_are_refused()
    {
        using var setup = new TrainingSetup(images: 12);
        IDataView data = setup.Prepare(setup.LoadBytes());
        var pretrained = PretrainedSource.FromFile(setup.PathOf("missing.safetensors"));
        ImageClassificationRePaViTTrainer.Options options = TrainingSetup.Options with { Epoch = 1 };

        StringAssert.Contains(Refusal(options with { PretrainedOptions = new PretrainedOptions() }), "needs Pretrained");
        StringAssert.Contains(Refusal(options with { Pretrained = pretrained, InitialModel = setup.CreateTrainer(options).Fit(data) }), "InitialModel");
        Assert.ThrowsExactly<FileNotFoundException>(() => setup.CreateTrainer(options with { Pretrained = pretrained }).Fit(data));

        string Refusal(ImageClassificationRePaViTTrainer.Options refused)
            => Assert.ThrowsExactly<ArgumentException>(() => setup.CreateTrainer(refused)).Message;
    }
}
