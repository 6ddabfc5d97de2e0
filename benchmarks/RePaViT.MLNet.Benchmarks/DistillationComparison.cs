using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;
using RePaViT.Benchmarks;

namespace RePaViT.MLNet.Benchmarks;

/// <summary>Teaches a network ResNet18's features of unlabelled images, and compares what it then learns from a few photos.</summary>
internal static class DistillationComparison
{
    private const int TimedImages = 200;

    // After the runs that warm up.
    private const int TimedRuns = 3;

    /// <param name="architecture">The network.</param>
    /// <param name="recipe">How it learns the features.</param>
    /// <param name="cifar">A folder with CIFAR-10, binary version.</param>
    /// <param name="unlabelled">How many of its training images teach; null for all.</param>
    /// <param name="photoFolder">A folder with one folder of photos for each class.</param>
    /// <param name="modelFile">The distilled network; made if it is not there.</param>
    /// <param name="images">Photos to learn from.</param>
    /// <param name="seed">Chooses them.</param>
    /// <param name="scratch">Whether a network from random weights learns from them too.</param>
    /// <exception cref="ArgumentException">There are not so many photos, or another number is not valid.</exception>
    public static DistilReport Run(
        Architecture architecture,
        TrainingRecipe recipe,
        string cifar,
        int? unlabelled,
        string photoFolder,
        string modelFile,
        int images,
        ulong seed,
        bool scratch)
    {
        double? distillationSeconds = File.Exists(modelFile)
            ? null
            : Teach(architecture, recipe, FirstImages.Of(CifarDataset.ReadCifar10(cifar, DatasetPart.Train), unlabelled), modelFile);
        var context = new MLContext((int)seed);
        ImageRow[] photos = [.. ImageRow.Read(photoFolder)];
        new Random((int)seed).Shuffle(photos);
        if (images < 1 || images >= photos.Length)
        {
            throw new ArgumentException($"{images} of {photos.Length} photos are not accepted to learn from: at least one is needed, and one to test.");
        }

        ImageRow[] tested = photos[images..];
        Candidate[] candidates =
        [
            Candidate.Fit("taught by ResNet18", context, Ours(context, Options(architecture) with
            {
                InitialModel = context.Model.LoadRePaViT(modelFile),
            }), photos[..images]),
            Candidate.Fit("ResNet18, LbfgsMaximumEntropy", context, ResNet.Classify(context), photos[..images]),
            .. scratch
                ? (Candidate[])[Candidate.Fit("from random weights", context, Ours(context, Options(architecture)), photos[..images])]
                : [],
        ];
        InMemoryImageDataset testImages = CifarDataset.ReadCifar10(cifar, DatasetPart.Test);
        IDataView test = context.Data.LoadFromEnumerable(ImageRow.Of(testImages));
        int timedImages = Math.Min(TimedImages, testImages.Count);
        IDataView timed = context.Data.TakeRows(test, timedImages);
        for (int run = 0; run < Rate.WarmupRuns + TimedRuns; run++)
        {
            foreach (Candidate candidate in candidates)
            {
                candidate.Time(timed);
            }
        }

        Learned[] learned = [.. candidates.Select(candidate => new Learned(
            candidate.Name,
            candidate.Accuracy(context.Data.LoadFromEnumerable(tested)),
            candidate.Accuracy(test),
            candidate.Seconds,
            timedImages / candidate.Rate.MedianSeconds,
            candidate.Parameters,
            candidate.Bytes))];
        return new DistilReport(seed, images, tested.Length, distillationSeconds, learned[0], learned[1], learned.ElementAtOrDefault(2));
    }

    /// <returns>The seconds that it took.</returns>
    private static double Teach(Architecture architecture, TrainingRecipe recipe, IImageDataset images, string modelFile)
    {
        var context = new MLContext(seed: 0);
        context.Log += (_, message) => Report(message);

        // Keys that are missing in every row.
        IDataView unlabelled = Labels.ToKeys(context).Fit(context.Data.LoadFromEnumerable(ImageRow.Of(images)))
            .Transform(context.Data.LoadFromEnumerable(ImageRow.Of(images, label: "none of them")));
        ImageClassificationRePaViTTrainer.Options options = Options(architecture) with
        {
            Recipe = recipe,
            Distillation = PipelineDistillation.FromFeatures(ResNet.Featurize(context).Fit(unlabelled)) with { Weight = 1 },
        };
        var clock = Stopwatch.StartNew();
        ImageClassificationRePaViTTransformer model = context.MulticlassClassification.Trainers.RePaViT(options).Fit(unlabelled);
        double seconds = clock.Elapsed.TotalSeconds;
        model.SaveAsOnnx(modelFile);
        return seconds;

        static void Report(LoggingEventArgs message)
        {
            if (message.Source.StartsWith(nameof(ImageClassificationRePaViTTrainer), StringComparison.Ordinal))
            {
                Console.Error.WriteLine(message.RawMessage);
            }
        }
    }

    private static ImageClassificationRePaViTTrainer.Options Options(Architecture architecture) => new()
    {
        Architecture = architecture,
        FeatureColumnName = nameof(ImageRow.Image),
        Device = Device.Cpu,

        // A few dozen photos cannot choose the best epoch, and features alone leave nothing to validate.
        ValidationSetFraction = null,
    };

    private static EstimatorChain<ImageClassificationRePaViTTransformer> Ours(MLContext context, ImageClassificationRePaViTTrainer.Options options)
        => Labels.ToKeys(context).Append(context.MulticlassClassification.Trainers.RePaViT(options));

    /// <summary>A pipeline that was fitted to the photos.</summary>
    private sealed record Candidate(string Name, MLContext Context, ITransformer Model, double Seconds)
    {
        public Rate Rate { get; } = new();

        /// <summary>Length of the file of its network.</summary>
        public long Bytes
        {
            get
            {
                if (Transformer is not { } ours)
                {
                    return ResNet.Bytes;
                }

                string path = Path.GetTempFileName();
                try
                {
                    ours.SaveAsOnnx(path);
                    return new FileInfo(path).Length;
                }
                finally
                {
                    File.Delete(path);
                }
            }
        }

        /// <summary>Of the deployed network; null for ResNet18.</summary>
        public long? Parameters => Transformer?.Model.Cost.Parameters;

        // Null where the network is ResNet18.
        private ImageClassificationRePaViTTransformer? Transformer
            => (Model as IEnumerable<ITransformer>)?.OfType<ImageClassificationRePaViTTransformer>().SingleOrDefault();

        public static Candidate Fit(string name, MLContext context, IEstimator<ITransformer> pipeline, IEnumerable<ImageRow> photos)
        {
            var clock = Stopwatch.StartNew();
            ITransformer model = pipeline.Fit(context.Data.LoadFromEnumerable(photos));
            return new Candidate(name, context, model, clock.Elapsed.TotalSeconds);
        }

        public void Time(IDataView images)
            => Rate.Time(() => _ = Model.Transform(images).GetColumn<float[]>("Score").Count());

        public double Accuracy(IDataView images) => Context.MulticlassClassification.Evaluate(Model.Transform(images)).MicroAccuracy;
    }
}
