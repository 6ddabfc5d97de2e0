using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Refusals;

/// <summary>What every public entry has to refuse, and that the refusal names it.</summary>
[TestClass]
public sealed class ArgumentTests
{
    private static readonly ViTArchitecture Architecture = TrainingRun.Architecture;
    private static readonly string[] Names = ["a", "b", "c"];

    [TestMethod]
    public void Architectures()
    {
        Refused(Architecture with { ImageSize = 0 }, "ImageSize 0");
        Refused(Architecture with { ImageSize = 13 }, "ImageSize 13");
        Refused(Architecture with { ImageSize = 16385 }, "ImageSize 16385");
        Refused(Architecture with { PatchSize = 0 }, "PatchSize 0");
        Refused(Architecture with { PatchSize = 24 }, "PatchSize 24");
        Refused(Architecture with { Classes = 0 }, "Classes 0");
        Refused(Architecture with { Dim = -1 }, "Dim -1");
        Refused(Architecture with { Depth = 0 }, "Depth 0");
        Refused(Architecture with { Heads = 4 }, "Heads 4");
        Refused(Architecture with { Heads = 31 }, "Heads 31");
        Refused(Architecture with { MlpRatio = double.NaN }, "MlpRatio NaN");
        Refused(Architecture with { MlpRatio = 65 }, "MlpRatio 65");
        Refused(Architecture with { MlpRatio = 0.01 }, "MlpRatio 0.01");
        Refused(Architecture with { IdleRatio = 1.01 }, "IdleRatio 1.01");
        Refused(Architecture with { IdleRatio = double.NaN }, "IdleRatio NaN");
        Refused(Architecture with { IdleHeuristic = (IdleHeuristic)7 }, "IdleHeuristic 7");
        Refused(Architecture with { ActiveChannels = [1] }, "ActiveChannels has 1");
        Refused(Architecture with { ActiveChannels = [1, 121] }, "ActiveChannels 121");

        // Sizes that are possible each, but not together.
        Refused(Architecture with { ImageSize = 16384, PatchSize = 1 }, "1024 x 1024 patches");
        Refused(Architecture with { ImageSize = 16384, PatchSize = 16384 }, "PatchSize 16384");
        Refused(Architecture with { ImageSize = 16384, PatchSize = 16, Dim = 3000, Heads = 1 }, "Tokens 1048577");
        Refused(Architecture with { Dim = 1 << 16, Heads = 1 }, "Dim 65536");
        Refused(Architecture with { Dim = 1 << 13, Heads = 1, MlpRatio = 64 }, "Hidden 524288");
        Refused(Architecture with { Classes = 1 << 24, Dim = 1 << 8, Heads = 1 }, "Classes 16777216");

        Refused<ArgumentException>(() => RePaViT.Architecture.Preset("Enormous"), "Enormous", "Tiny, Small, Base, Large, Huge");
        Refused<ArgumentOutOfRangeException>(() => ViTArchitecture.Tiny.ActiveChannelsOf(12), "block", "12");
        Refused<ArgumentOutOfRangeException>(() => ViTArchitecture.Tiny.ActiveChannelsOf(-1), "block", "-1");
        Refused<ArgumentOutOfRangeException>(() => ViTArchitecture.Tiny.Cost((NetworkForm)5), "form", "5");
    }

    [TestMethod]
    public void The_largest_accepted_networks_are_counted_without_overflow()
    {
        ViTArchitecture[] giants =
        [
            Architecture with { ImageSize = 16384, PatchSize = 16, Dim = 2046, Heads = 1, Depth = 1024, MlpRatio = 64 },
            Architecture with { Dim = 26754, Heads = 1, Depth = 1024, MlpRatio = 2.5 },
        ];
        foreach (ViTArchitecture giant in giants)
        {
            NetworkCost cost = giant.Cost(NetworkForm.Trained);
            Assert.IsTrue(cost.Parameters > 0 && cost.WeightMultiplyAdds > 0 && cost.AttentionMultiplyAdds > 0 && cost.MultiplyAdds > 0);
        }
    }

    [TestMethod]
    public void Tensors()
    {
        Refused<ArgumentNullException>(() => _ = new WeightTensor(null!, 1), "data");
        Refused<ArgumentException>(() => _ = new WeightTensor([1, 2], 3), "[3]", "2");
        Refused<ArgumentOutOfRangeException>(() => _ = new WeightTensor([1], -1), "-1");
        Refused<ArgumentException>(() => _ = new WeightTensor([], int.MaxValue, int.MaxValue, int.MaxValue), "2147483647");
        var tensors = new NamedTensors { { "a", new WeightTensor([1], 1) } };
        Refused<ArgumentException>(() => tensors.Add("a", new WeightTensor([1], 1)), "'a'");
        Refused<ArgumentException>(() => tensors.Add("", new WeightTensor([1], 1)), "name");
        Refused<ArgumentNullException>(() => tensors.Add("b", null!), "tensor");
        Refused<KeyNotFoundException>(() => _ = tensors["b"], "'b'");
        Refused<ArgumentNullException>(() => tensors.TryGet(null!, out _), "key");
        Refused<ArgumentNullException>(() => tensors.WithoutPrefix(null!), "prefix");
        Refused<ArgumentNullException>(() => Safetensors.Read((string)null!), "path");
        Refused<ArgumentNullException>(() => Safetensors.Read((Stream)null!), "stream");
        Refused<ArgumentException>(() => Safetensors.Read(new OneWayStream()), "seek");
        Refused<ArgumentNullException>(() => Safetensors.Write((string)null!, tensors), "path");
        Refused<ArgumentNullException>(() => Safetensors.Write((Stream)null!, tensors), "stream");
        Refused<ArgumentNullException>(() => Safetensors.Write(new MemoryStream(), null!), "tensors");
        Refused<ArgumentException>(() => Write(tensors, ("\ud800", "text")), "metadata", "position 0");
        Refused<ArgumentException>(() => Write(tensors, ("key", "text\udfff")), "'key'", "position 4");
        Refused<ArgumentException>(() => Write(new NamedTensors { { "b\ud800", new WeightTensor([1], 1) } }), "tensor 'b", "position 1");

        static void Write(NamedTensors tensors, params (string Key, string Text)[] metadata)
            => Safetensors.Write(new MemoryStream(), tensors, metadata.ToDictionary(pair => pair.Key, pair => pair.Text));
    }

    [TestMethod]
    public void Models()
    {
        NamedTensors weights = RandomWeights.Create(Architecture.Layers(NetworkForm.Trained), seed: 1);
        Refused<ArgumentNullException>(() => _ = new RePaViTModel(null!, NetworkForm.Trained, weights, Names), "architecture");
        Refused<ArgumentNullException>(() => _ = new RePaViTModel(Architecture, NetworkForm.Trained, null!, Names), "weights");
        Refused<ArgumentNullException>(() => _ = new RePaViTModel(Architecture, NetworkForm.Trained, weights, null!), "classNames");
        Refused<ArgumentException>(() => _ = new RePaViTModel(Architecture, NetworkForm.Trained, weights, ["a"]), "1 names", "3");
        Refused<ArgumentException>(() => _ = new RePaViTModel(Architecture, NetworkForm.Trained, weights, ["a", "b", null!]), "ClassNames[2]");
        Refused<ArgumentException>(
            () => _ = new RePaViTModel(Architecture, NetworkForm.Trained, weights, ["a", "cat \ud83d", "c"]), "ClassNames[1]", "position 4", "U+D83D");
        Refused<ArgumentException>(
            () => _ = new RePaViTModel(Architecture, NetworkForm.Trained, weights, ["a", "b", "\ud83d\udc31\udc31"]), "ClassNames[2]", "position 2");
        _ = new RePaViTModel(Architecture, NetworkForm.Trained, weights, ["a", "\ud83d\udc31", "c"]);
        Refused<ArgumentException>(() => _ = new RePaViTModel(Architecture, (NetworkForm)3, weights, Names), "Form 3");
        Refused<ArgumentException>(() => _ = new RePaViTModel(Architecture, NetworkForm.Deployed, weights, Names), "blocks.0.mlp.fc1");
        Refused<ArgumentException>(() => _ = new RePaViTModel(Architecture, NetworkForm.Trained, [], Names), "patch_embed.proj.weight");
        Refused<ArgumentException>(
            () => _ = new RePaViTModel(
                Architecture, NetworkForm.Trained, weights, Names, new ImagePreprocessing { StandardDeviation = default }),
            "StandardDeviation");

        var model = new RePaViTModel(Architecture, NetworkForm.Trained, weights, Names);
        Refused<ArgumentException>(() => model.ComputeLogits(new float[5], []), "5 values", "3 x 12 x 12");
        Refused<ArgumentException>(() => model.ComputeLogits(new float[3 * 12 * 12], new float[2]), "3 logits", "2");
        Refused<ArgumentNullException>(() => model.Predict(null!), "images");
        Refused<ArgumentException>(() => model.Predict(default(RgbImage)), "no pixels");
        Refused<ArgumentNullException>(() => model.Evaluate(null!), "dataset");
        Refused<ArgumentException>(() => model.Evaluate(TrainingRun.Dataset(4, 1, classes: 4)), "4 classes", "3");
        Refused<ArgumentException>(() => model.Evaluate(new Dataset(0, _ => 0)), "no images");
        Refused<ArgumentException>(() => model.Evaluate(new Dataset(5, index => index)), "Image 3 has label 3");
        Refused<ArgumentNullException>(() => model.Save((string)null!), "path");
        Refused<ArgumentNullException>(() => model.Save((Stream)null!), "stream");
        Refused<ArgumentException>(() => model.Save(new MemoryStream([], writable: false)), "writable");
        Refused<ArgumentNullException>(() => RePaViTModel.Load((string)null!), "path");
        Refused<ArgumentNullException>(() => RePaViTModel.Load((Stream)null!), "stream");
        Refused<ArgumentException>(() => RePaViTModel.Load(new OneWayStream()), "seek");
        using var folder = new TemporaryFolder();
        Refused<DirectoryNotFoundException>(() => model.Save(folder.File("missing/model.onnx")), "missing");
        Directory.CreateDirectory(folder.File("folder"));
        Assert.Throws<SystemException>(() => model.Save(folder.File("folder")));
        Assert.AreEqual("folder", folder.FileNames.Single());
    }

    [TestMethod]
    public void Training()
    {
        InMemoryImageDataset data = TrainingRun.Dataset(12, seed: 1);
        Refused<ArgumentNullException>(() => _ = new Trainer(null!), "architecture");
        Refused<ArgumentException>(() => _ = new Trainer(Architecture with { Depth = 0 }), "Depth 0");
        Refused<ArgumentException>(() => _ = new Trainer(Architecture with { Classes = 1 }), "Classes 1");
        Refused<ArgumentException>(() => _ = new Trainer(Architecture, new TrainingRecipe { Epochs = 0 }), "Epochs 0");
        Refused<ArgumentNullException>(() => _ = new Trainer(Architecture, new TrainingRecipe { Augmentation = null! }), "Augmentation");
        Refused<ArgumentOutOfRangeException>(() => Options(new TrainerOptions { Threads = 0 }), "Threads", "0");
        Refused<ArgumentOutOfRangeException>(() => Options(new TrainerOptions { Threads = 1_000_000 }), "Threads", "1000000");
        Refused<ArgumentOutOfRangeException>(() => Options(new TrainerOptions { CheckpointEverySteps = 0 }), "CheckpointEverySteps");
        Refused<ArgumentException>(() => Options(new TrainerOptions { CheckpointPath = " " }), "CheckpointPath");

        var half = new InMemoryImageDataset(
            Enumerable.Range(0, 12).Select(data.GetImage), Enumerable.Range(0, 12).Select(data.GetLabel), ["a", "b", "c\udc00"]);
        Refused<ArgumentException>(() => new Trainer(Architecture, TrainingRun.Recipe).Fit(half), "ClassNames[2]", "position 1");

        var trainer = new Trainer(Architecture, TrainingRun.Recipe);
        Refused<ArgumentNullException>(() => trainer.Fit(null!), "training");
        Refused<InvalidOperationException>(() => trainer.Resume(data), "CheckpointPath");
        Refused<ArgumentException>(() => trainer.Fit(new Dataset(8, index => -index)), "Image 1 has label -1");
        Refused<ArgumentException>(() => trainer.Fit(new Dataset(0, _ => 0)), "no images");
        Refused<ArgumentException>(() => trainer.Fit(data, new Dataset(3, _ => 0)), "validation", "class names");
        Refused<ArgumentNullException>(() => new Trainer(Architecture, TrainingRun.Recipe) { Preprocessing = null! }.Fit(data), "Preprocessing");
        Refused<ArgumentException>(
            () => new Trainer(Architecture, TrainingRun.Recipe) { Preprocessing = new ImagePreprocessing { CropFraction = 0 } }.Fit(data),
            "CropFraction 0");
        TrainingRecipe shifting = TrainingRun.Recipe with { Augmentation = AugmentationOptions.None with { CropPadding = 12 } };
        Refused<ArgumentOutOfRangeException>(() => new Trainer(Architecture, shifting).Fit(data), "CropPadding", "12");

        using var folder = new TemporaryFolder();
        var resuming = new Trainer(
            Architecture, TrainingRun.Recipe, new TrainerOptions { CheckpointPath = folder.File("none.safetensors") });
        Refused<FileNotFoundException>(() => resuming.Resume(data), "none.safetensors");

        static void Options(TrainerOptions options) => _ = new Trainer(Architecture, null, options);
    }

    [TestMethod]
    public void A_batch_that_no_buffer_can_hold_is_refused()
    {
        // Images of 3 x 2048 x 2048 values: 256 of them are more than an array can hold.
        ViTArchitecture architecture = Architecture with { ImageSize = 2048, PatchSize = 2048, Dim = 1, Heads = 1, Depth = 1 };
        var trainer = new Trainer(architecture, new TrainingRecipe { BatchSize = 256 });
        Refused<NotSupportedException>(() => trainer.Fit(TrainingRun.Dataset(256, seed: 1)), "3221225472 values", "smaller batch");
    }

    [TestMethod]
    public void Augmentation()
    {
        Refused(new AugmentationOptions { CropPadding = -1, ResizedCrop = null }, "CropPadding");
        Refused(new AugmentationOptions { CropPadding = 1 }, "CropPadding 1");
        Refused(new AugmentationOptions { HorizontalFlip = 1.1 }, "HorizontalFlip");
        Refused(new AugmentationOptions { MixupAlpha = double.PositiveInfinity }, "MixupAlpha");
        Refused(new AugmentationOptions { CutmixAlpha = -1 }, "CutmixAlpha");
        Refused(new AugmentationOptions { MixProbability = double.NaN }, "MixProbability");
        Refused(new AugmentationOptions { MixSwitchProbability = -0.1 }, "MixSwitchProbability");
        Refused(new AugmentationOptions { ResizedCrop = new() { MinArea = 0 } }, "MinArea 0");
        Refused(new AugmentationOptions { ResizedCrop = new() { MaxArea = 1.5 } }, "MaxArea 1.5");
        Refused(new AugmentationOptions { ResizedCrop = new() { MinAspectRatio = 2 } }, "MinAspectRatio 2");
        Refused(new AugmentationOptions { ResizedCrop = new() { MaxAspectRatio = double.NaN } }, "MaxAspectRatio NaN");
    }

    [TestMethod]
    public void Images()
    {
        Refused<ArgumentOutOfRangeException>(() => _ = new RgbImage(0, 1, new byte[3]), "width");
        Refused<ArgumentOutOfRangeException>(() => _ = new RgbImage(1, -1, new byte[3]), "height");
        Refused<ArgumentException>(() => _ = new RgbImage(2, 2, new byte[11]), "2 x 2", "12", "11");
        Refused<ArgumentException>(() => _ = new RgbImage(int.MaxValue, int.MaxValue, new byte[3]), "2147483647 x 2147483647");

        RgbImage image = TestImages.Constant(4, 4, 0);
        Refused<ArgumentException>(() => new ImagePreprocessing { CropFraction = 1.1 }.Prepare(image, 2, new float[12]), "CropFraction 1.1");
        Refused<ArgumentException>(() => new ImagePreprocessing { Interpolation = (Interpolation)4 }.Prepare(image, 2, new float[12]), "Interpolation 4");
        Refused<ArgumentException>(() => new ImagePreprocessing { Mean = new Rgb(float.NaN, 0, 0) }.Validate(), "Mean");
        Refused<ArgumentException>(() => new ImagePreprocessing().Prepare(default, 2, new float[12]), "no pixels");
        Refused<ArgumentOutOfRangeException>(() => new ImagePreprocessing().Prepare(image, 0, []), "size");
        Refused<ArgumentOutOfRangeException>(() => new ImagePreprocessing().Prepare(image, 2, new float[11]), "planes", "11");

        InMemoryImageDataset data = TestImages.Dataset(8, 4, 2);
        Refused<ArgumentNullException>(() => _ = new InMemoryImageDataset(null!, [], []), "images");
        Refused<ArgumentNullException>(() => _ = new InMemoryImageDataset([], null!, []), "labels");
        Refused<ArgumentNullException>(() => _ = new InMemoryImageDataset([], [], null!), "classNames");
        Refused<ArgumentNullException>(() => ImageDatasetExtensions.Split(null!, 0.5, 1), "dataset");
        Refused<ArgumentNullException>(() => ImageDatasetExtensions.MeasureChannels(null!), "dataset");
        Refused<ArgumentException>(() => new Dataset(0, _ => 0).MeasureChannels(), "no images");
        Refused<ArgumentException>(() => new Dataset(0, _ => 0).Split(0.5, 1), "no images");
        IImageDataset half = data.Split(0.5, 1).First;
        Refused<ArgumentOutOfRangeException>(() => half.GetImage(4), "index", "4");
        Refused<ArgumentOutOfRangeException>(() => half.GetLabel(-1), "index", "-1");
    }

    [TestMethod]
    public void Readers()
    {
        Refused<ArgumentNullException>(() => CifarDataset.ReadCifar10(null!, DatasetPart.Train), "directory");
        Refused<ArgumentNullException>(() => CifarDataset.ReadCifar100(null!, DatasetPart.Train), "directory");
        Refused<ArgumentNullException>(() => IdxDataset.Read(null!, DatasetPart.Train), "directory");
        Refused<ArgumentNullException>(() => IdxDataset.Read(null!, "labels"), "path");
        using var folder = new TemporaryFolder();
        Refused<ArgumentOutOfRangeException>(() => IdxDataset.Read(folder.Path, (DatasetPart)9), "part", "9");
        Refused<ArgumentOutOfRangeException>(() => CifarDataset.ReadCifar100(folder.Path, (DatasetPart)9), "part", "9");
        Refused<DirectoryNotFoundException>(() => IdxDataset.Read(folder.File("none"), DatasetPart.Test), "none");
    }

    private static void Refused(ViTArchitecture architecture, params string[] named)
        => Refused<ArgumentException>(architecture.Validate, named);

    private static void Refused(AugmentationOptions options, string named)
        => StringAssert.Contains(Assert.Throws<ArgumentException>(options.Validate).Message, named, StringComparison.Ordinal);

    private static void Refused<TException>(Action action, params string[] named)
        where TException : Exception
    {
        string message = Assert.ThrowsExactly<TException>(action).Message;
        foreach (string part in named)
        {
            StringAssert.Contains(message, part, StringComparison.Ordinal);
        }
    }

    /// <summary>Three classes, and any labels.</summary>
    private sealed class Dataset(int count, Func<int, int> label) : IImageDataset
    {
        public IReadOnlyList<string> ClassNames => Names;

        public int Count => count;

        public RgbImage GetImage(int index) => TestImages.Constant(4, 4, 0);

        public int GetLabel(int index) => label(index);
    }

    /// <summary>A stream that cannot seek, as from a network.</summary>
    private sealed class OneWayStream : MemoryStream
    {
        public override bool CanSeek => false;
    }
}
