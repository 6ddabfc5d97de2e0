using System.Diagnostics;
using System.Globalization;

namespace RePaViT.Benchmarks;

/// <summary>What conversion makes of a vanilla network, and what training does with as many epochs.</summary>
internal static class ConversionComparison
{
    private const int ImagesPerCall = 32;

    /// <param name="task">The images.</param>
    /// <param name="architecture">The channel-idle network.</param>
    /// <param name="recipe">How both networks are trained.</param>
    /// <param name="images">Calibration images.</param>
    /// <param name="models">A folder that keeps trained networks; null for none.</param>
    /// <param name="seconds">Time to measure the speed of each network for.</param>
    /// <exception cref="ArgumentException">The architecture or a number is not valid.</exception>
    /// <exception cref="InvalidDataException">A kept network is another one.</exception>
    public static ConvertReport Run(ConversionTask task, ViTArchitecture architecture, TrainingRecipe recipe, int images, string? models, double seconds)
    {
        if (architecture.IdleRatio is not double ratio)
        {
            throw new ArgumentException("An idle ratio is needed.", nameof(architecture));
        }

        (RePaViTModel vanilla, double? vanillaSeconds) = Train(task, architecture with { IdleRatio = null }, recipe, models);
        (RePaViTModel trained, double? trainedSeconds) = Train(task, architecture, recipe, models);
        int[] expected = Classify(vanilla, task.Test);
        (RePaViTModel converted, double convertedSeconds) = Convert(keepNormalization: true);
        (RePaViTModel folded, double foldedSeconds) = Convert(keepNormalization: false);

        // The names of the tensors are the same, and idle channels are linear.
        var first = new RePaViTModel(
            architecture with { FeedForwardNorm = FeedForwardNorm.LayerNorm }, NetworkForm.Trained, vanilla.Weights, vanilla.ClassNames,
            vanilla.Preprocessing);
        return new ConvertReport(
            task.Name, ratio, recipe.Seed, recipe.Epochs!.Value, images, Measure(vanilla, vanillaSeconds), Measure(converted, convertedSeconds),
            Measure(folded, foldedSeconds), Measure(trained.Reparameterize(), trainedSeconds), Measure(first.Reparameterize(), null));

        (RePaViTModel Model, double Seconds) Convert(bool keepNormalization)
        {
            var clock = Stopwatch.StartNew();
            var options = new ConversionOptions { IdleRatio = ratio, Images = images, KeepNormalization = keepNormalization };
            return (vanilla.ToChannelIdle(task.Training, options).Model, clock.Elapsed.TotalSeconds);
        }

        ConvertedNetwork Measure(RePaViTModel model, double? making)
        {
            int[] classes = Classify(model, task.Test);
            double accuracy = classes.Index().Count(image => task.Test.GetLabel(image.Index) == image.Item) / (double)classes.Length;
            double agreement = classes.Zip(expected).Count(pair => pair.First == pair.Second) / (double)classes.Length;
            return new ConvertedNetwork(accuracy, agreement, ImagesPerSecond(model, seconds), making);
        }
    }

    private static int[] Classify(RePaViTModel model, IImageDataset images)
        => [.. model.Predict([.. Enumerable.Range(0, images.Count).Select(images.GetImage)]).Select(prediction => prediction.Label)];

    private static double ImagesPerSecond(RePaViTModel model, double seconds)
    {
        float[] images = new float[ImagesPerCall * 3 * model.Architecture.ImageSize * model.Architecture.ImageSize];
        float[] logits = new float[ImagesPerCall * model.Architecture.Classes];
        var clock = Stopwatch.StartNew();
        var rate = new Rate();
        for (int turn = 0; turn <= Rate.WarmupRuns || clock.Elapsed.TotalSeconds < seconds; turn++)
        {
            rate.Time(() => model.ComputeLogits(images, logits));
        }

        return ImagesPerCall / rate.MedianSeconds;
    }

    private static (RePaViTModel Model, double? Seconds) Train(
        ConversionTask task, ViTArchitecture architecture, TrainingRecipe recipe, string? models)
    {
        string? path = models is null ? null : Path.Combine(models, FileName(task, architecture, recipe));
        if (File.Exists(path))
        {
            var kept = RePaViTModel.Load(path);
            return kept.Architecture == architecture
                ? (kept, null)
                : throw new InvalidDataException($"'{path}' holds another network: {kept.Architecture} in place of {architecture}.");
        }

        var clock = Stopwatch.StartNew();
        RePaViTModel model = new Trainer(architecture, recipe with { ChannelIdleMethod = ChannelIdleMethod.Train }).Fit(task.Training).Model;
        if (path is not null)
        {
            Directory.CreateDirectory(models!);
            model.Save(path);
        }

        return (model, clock.Elapsed.TotalSeconds);
    }

    private static string FileName(ConversionTask task, ViTArchitecture architecture, TrainingRecipe recipe) => string.Create(
        CultureInfo.InvariantCulture,
        $"{task.Name}-{(architecture.IsVanilla ? "vanilla" : $"idle{architecture.IdleRatio}")}-{architecture.Dim}x{architecture.Depth}-patch{architecture.PatchSize}-images{task.Training.Count}-epochs{recipe.Epochs}-seed{recipe.Seed}.onnx");
}

/// <summary>Images to learn from, and others to test on.</summary>
internal sealed record ConversionTask(string Name, IImageDataset Training, IImageDataset Test)
{
    /// <summary>The first images to learn from; null for all.</summary>
    public ConversionTask WithTraining(int? images) => this with { Training = FirstImages.Of(Training, images) };
}

/// <summary>What became of each network.</summary>
internal sealed record ConvertReport(
    string Data, double IdleRatio, ulong Seed, int Epochs, int Images, ConvertedNetwork Vanilla, ConvertedNetwork Converted,
    ConvertedNetwork ConvertedWithoutNormalization, ConvertedNetwork Trained, ConvertedNetwork FirstChannels);

/// <summary>A network on the test images.</summary>
/// <param name="Accuracy">Share of right answers.</param>
/// <param name="Agreement">Share of the images with the class that the vanilla network gives them.</param>
/// <param name="ImagesPerSecond">In calls of 32 prepared images, on all cores.</param>
/// <param name="Seconds">What training or conversion took; null where it was kept from another run, or took nothing.</param>
internal sealed record ConvertedNetwork(double Accuracy, double Agreement, double ImagesPerSecond, double? Seconds);
