// What the core does for its users, in small: the test command compiles this in several ways and compares what it prints,
// names with hashes of what came out.

using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RePaViT;

const int Size = 12;
const int Classes = 3;

string folder = Directory.CreateTempSubdirectory("repavit-aot-").FullName;
try
{
    Train("vit", new ViTArchitecture { ImageSize = Size, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = Classes, ActiveChannels = [36, 20] });
    Train("cosine", new ViTArchitecture { ImageSize = Size, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = Classes, ProjectionDim = 14 });
    Train("mixer", new MixerArchitecture { ImageSize = Size, PatchSize = 4, Dim = 20, Depth = 2, Classes = Classes });
    Train("swin", new SwinArchitecture { ImageSize = Size, PatchSize = 2, Dim = 12, Depths = [2, 1], Heads = [2, 3], Window = 4, Classes = Classes });
    Train("poolformer", new PoolFormerArchitecture { ImageSize = Size, Depths = [1, 2], Dims = [12, 20], LayerScale = 0.5, Classes = Classes });
    Train("lvvit", new LVViTArchitecture { ImageSize = Size, PatchSize = 4, StemChannels = 10, Dim = 30, Depth = 2, Heads = 3, Classes = Classes });
    Train("layer norm", new PoolFormerArchitecture
    {
        ImageSize = Size, Depths = [1], Dims = [12], LayerScale = 0.5, Classes = Classes, FeedForwardNorm = FeedForwardNorm.LayerNorm,
        FeedForwardStructure = FeedForwardStructure.Merged,
    });
    TrainTokens();
    TrainDistilled();
    TrainWithoutLabels();
    ReadImages();
}
finally
{
    Directory.Delete(folder, recursive: true);
}

// Interrupted and resumed, stored and opened, merged and taken apart again.
void Train(string name, Architecture architecture)
{
    var recipe = new TrainingRecipe
    {
        Epochs = 3,
        BatchSize = 8,
        GradientAccumulation = 2,
        Augmentation = AugmentationOptions.DeiT,
        EarlyStopping = new EarlyStopping(2),
        ChannelIdleMethod = ChannelIdleMethod.Train,
    };
    var options = new TrainerOptions { CheckpointPath = Path.Combine(folder, $"{name}.checkpoint") };
    InMemoryImageDataset training = Images(40, seed: 1);
    InMemoryImageDataset validation = Images(10, seed: 2);

    using var cancellation = new CancellationTokenSource();
    new Trainer(architecture, recipe, options).Fit(training, validation, new FirstEpoch(cancellation), cancellation.Token);
    PrintFile(options.CheckpointPath);
    TrainingResult result = new Trainer(architecture, recipe, options).Resume(training, validation);
    PrintFile(options.CheckpointPath);
    Print($"{name} computed with {string.Join(' ', result.ComputedWith)}, history", Encoding.UTF8.GetBytes(string.Concat(result.History)));

    string weights = Path.Combine(folder, $"{name}.safetensors");
    Safetensors.Write(weights, result.Model.Weights);
    PrintFile(weights);
    var trained = new RePaViTModel(architecture, NetworkForm.Trained, Safetensors.Read(weights).Tensors, validation.ClassNames);
    Predict($"{name} trained", trained, validation);

    string file = Path.Combine(folder, $"{name}.onnx");
    trained.Reparameterize().Save(file);
    PrintFile(file);
    RePaViTModel deployed = RePaViTModel.Load(file);
    Predict($"{name} deployed", deployed, validation);
    Predict($"{name} in 8 bits", deployed.WithPrecision(InferencePrecision.EightBit), validation);

    var continued = new Trainer(architecture, TrainingRecipe.FineTune with { Epochs = 1, BatchSize = 8 }) { InitialModel = deployed };
    Predict($"{name} continued", continued.Fit(training).Model, validation);

    var other = new Trainer(architecture, recipe with { Optimizer = OptimizerKind.Lamb }, options);
    PrintRefusal(() => other.Resume(training, validation));
    byte[] damaged = File.ReadAllBytes(options.CheckpointPath);
    damaged[^1] ^= 1;
    File.WriteAllBytes(options.CheckpointPath, damaged);
    PrintRefusal(() => new Trainer(architecture, recipe, options).Resume(training, validation));
}

// With labels of every patch, from a file that a model wrote and from the model itself; interrupted and resumed.
void TrainTokens()
{
    var recipe = new TrainingRecipe { Epochs = 2, BatchSize = 8, ChannelIdleMethod = ChannelIdleMethod.Train };
    InMemoryImageDataset training = Images(40, seed: 1);
    var mixer = new MixerArchitecture { ImageSize = Size, PatchSize = 4, Dim = 20, Depth = 2, Classes = Classes };
    RePaViTModel teacher = new Trainer(mixer, recipe).Fit(training).Model;
    string file = Path.Combine(folder, "labels.safetensors");
    TokenLabelFile.Write(file, teacher, training, classesPerPlace: 2);
    PrintFile(file);

    var architecture = new LVViTArchitecture { ImageSize = Size, PatchSize = 4, StemChannels = 10, Dim = 30, Depth = 2, Heads = 3, Classes = Classes };
    foreach (TokenLabels labels in (TokenLabels[])[TokenLabels.FromFile(file), TokenLabels.FromTeacher(teacher)])
    {
        var options = new TrainerOptions { CheckpointPath = Path.Combine(folder, "tokens.checkpoint") };
        var trainer = new Trainer(architecture, recipe, options) { TokenLabels = labels };
        using var cancellation = new CancellationTokenSource();
        trainer.Fit(training, null, new FirstEpoch(cancellation), cancellation.Token);
        PrintFile(options.CheckpointPath);
        Predict("lvvit with token labels", trainer.Resume(training).Model, training);
        PrintRefusal(() => new Trainer(architecture, recipe, options) { TokenLabels = labels with { LabelShare = 0.5 } }.Resume(training));
    }
}

// From the scores and the features of a model, and from what it said of each image.
void TrainDistilled()
{
    var recipe = new TrainingRecipe { Epochs = 2, BatchSize = 8, ChannelIdleMethod = ChannelIdleMethod.Train };
    InMemoryImageDataset training = Images(40, seed: 1);
    var mixer = new MixerArchitecture { ImageSize = Size, PatchSize = 4, Dim = 20, Depth = 2, Classes = Classes };
    RePaViTModel teacher = new Trainer(mixer, recipe).Fit(training).Model;
    IReadOnlyList<float[]> features = teacher.CreateExtractor().Compute([.. Enumerable.Range(0, training.Count).Select(training.GetImage)]);
    var architecture = new ViTArchitecture { ImageSize = Size, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = Classes };
    foreach (Distillation distillation in (Distillation[])
        [Distillation.FromScores(teacher), Distillation.FromFeatures(teacher), Distillation.FromFeatures(features)])
    {
        var options = new TrainerOptions { CheckpointPath = Path.Combine(folder, "distilled.checkpoint") };
        var trainer = new Trainer(architecture, recipe, options) { Distillation = distillation };
        using var cancellation = new CancellationTokenSource();
        trainer.Fit(training, null, new FirstEpoch(cancellation), cancellation.Token);
        PrintFile(options.CheckpointPath);
        Predict("vit from a teacher", trainer.Resume(training).Model, training);
        PrintRefusal(() => new Trainer(architecture, recipe, options) { Distillation = distillation with { Weight = 0.25 } }.Resume(training));
    }
}

// First without labels, then with them.
void TrainWithoutLabels()
{
    var recipe = new TrainingRecipe { Epochs = 2, BatchSize = 8, ChannelIdleMethod = ChannelIdleMethod.Train };
    var learning = new SelfDistillation { Epochs = 2, BatchSize = 8, LocalCrops = 2, Prototypes = 20, HiddenDim = 24 };
    InMemoryImageDataset training = Images(40, seed: 1);
    var architecture = new ViTArchitecture { ImageSize = Size, PatchSize = 4, Dim = 30, Depth = 2, Heads = 3, Classes = Classes };
    var options = new TrainerOptions { CheckpointPath = Path.Combine(folder, "unlabeled.checkpoint") };
    var trainer = new Trainer(architecture, recipe, options);
    using var cancellation = new CancellationTokenSource();
    trainer.Pretrain(training, learning, new FirstEpoch(cancellation), cancellation.Token);
    PrintFile(options.CheckpointPath);
    RePaViTModel pretrained = trainer.ResumePretraining(training, learning).Model;
    PrintRefusal(() => trainer.ResumePretraining(training, learning with { CenterMomentum = 0.5 }));
    Predict("vit that learned without labels", new Trainer(architecture, recipe) { InitialModel = pretrained }.Fit(training).Model, training);
}

void Predict(string name, RePaViTModel model, IImageDataset images)
{
    IReadOnlyList<Prediction> predictions = model.Predict([.. Enumerable.Range(0, images.Count).Select(images.GetImage)]);
    Print($"{name} {model.Evaluate(images)}", [.. predictions.SelectMany(prediction => prediction.Probabilities).SelectMany(BitConverter.GetBytes)]);
}

// Gray images, as MNIST stores them.
void ReadImages()
{
    InMemoryImageDataset images = Images(20, seed: 3);
    string pixels = Path.Combine(folder, "images");
    string labels = Path.Combine(folder, "labels");
    IEnumerable<int> indices = Enumerable.Range(0, images.Count);
    File.WriteAllBytes(pixels, [.. Header(0x0803, images.Count, Size, 3 * Size), .. indices.SelectMany(i => images.GetImage(i).Pixels.ToArray())]);
    File.WriteAllBytes(labels, [.. Header(0x0801, images.Count), .. indices.Select(i => (byte)images.GetLabel(i))]);
    InMemoryImageDataset read = IdxDataset.Read(pixels, labels);
    Print("idx", [.. indices.SelectMany(i => read.GetImage(i).Pixels.ToArray())]);
}

byte[] Header(params int[] numbers)
{
    byte[] bytes = new byte[numbers.Length * sizeof(int)];
    for (int i = 0; i < numbers.Length; i++)
    {
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(i * sizeof(int)), numbers[i]);
    }

    return bytes;
}

// Noise around one color for each class.
InMemoryImageDataset Images(int count, int seed)
{
    var random = new Random(seed);
    int[] labels = [.. Enumerable.Range(0, count).Select(i => i % Classes)];
    return new InMemoryImageDataset(labels.Select(label => new RgbImage(Size, Size, Noise(random, label))), labels, ["red", "green", "blue"]);
}

byte[] Noise(Random random, int color)
    => [.. Enumerable.Range(0, 3 * Size * Size).Select(i => (byte)(random.Next(160) + (i % 3 == color ? 95 : 0)))];

void PrintFile(string path) => Print(Path.GetFileName(path), File.ReadAllBytes(path));

void Print(string name, ReadOnlySpan<byte> bytes) => Console.WriteLine($"{name}: {Convert.ToHexString(SHA256.HashData(bytes))}");

void PrintRefusal(Action action)
{
    try
    {
        action();
        Console.WriteLine("not refused");
    }
    catch (Exception exception) when (exception is ArgumentException or InvalidDataException)
    {
        Console.WriteLine(exception.Message.Replace(folder, "", StringComparison.Ordinal));
    }
}

/// <summary>Cancels after an epoch.</summary>
internal sealed class FirstEpoch(CancellationTokenSource cancellation) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        if (value.FinishedEpoch is not null)
        {
            cancellation.Cancel();
        }
    }
}
