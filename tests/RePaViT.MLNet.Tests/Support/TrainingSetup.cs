using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Support;

/// <summary>A context that keeps its log, image files of colors, and options of a network that learns them in seconds.</summary>
internal sealed class TrainingSetup : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TrainingSetup(int images = 48, int classes = 3, int? seed = 1)
    {
        Context = new MLContext(seed);
        Context.Log += (_, message) => Log.Enqueue(message);
        Rows = ColorImages.Write(_folder.Path, images, classes);
    }

    public MLContext Context { get; }

    public ConcurrentQueue<LoggingEventArgs> Log { get; } = [];

    public ColorRow[] Rows { get; }

    public IDataView Data => Context.Data.LoadFromEnumerable(Rows);

    public string PathOf(string name) => Path.Combine(_folder.Path, name);

    public static ImageClassificationRePaViTTrainer.Options Options => new()
    {
        Architecture = new ViTArchitecture { Dim = 16, Depth = 2, Heads = 2, ImageSize = 16, PatchSize = 8 },
        FeatureColumnName = "Image",
        Device = Device.Cpu,
        Recipe = new TrainingRecipe
        {
            Epochs = 8,
            BatchSize = 8,
            LearningRate = 1e-2,
            DropPathRate = 0,
            EmaDecay = 0.9,
            Augmentation = AugmentationOptions.None,
            ChannelIdleMethod = ChannelIdleMethod.Train,
        },
    };

    /// <summary>Label to key, file to decoded image.</summary>
    public IEstimator<ITransformer> LoadImages() => Context.Transforms.Conversion.MapValueToKey("Label")
        .Append(Context.Transforms.LoadImages("Image", null, "ImagePath"));

    /// <summary>Label to key, file to its bytes.</summary>
    public IEstimator<ITransformer> LoadBytes() => Context.Transforms.Conversion.MapValueToKey("Label")
        .Append(Context.Transforms.LoadRawImageBytes("Image", null, "ImagePath"));

    /// <summary>Fits a loader and transforms the rows with it.</summary>
    public IDataView Prepare(IEstimator<ITransformer> loader) => loader.Fit(Data).Transform(Data);

    public ImageClassificationRePaViTTrainer CreateTrainer(ImageClassificationRePaViTTrainer.Options? options = null)
        => Context.MulticlassClassification.Trainers.RePaViT(options ?? Options);

    public static float[][] Scores(ITransformer model, IDataView data) => [.. model.Transform(data).GetColumn<float[]>("Score")];

    public void Dispose() => _folder.Dispose();
}
