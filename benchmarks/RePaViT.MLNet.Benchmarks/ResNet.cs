using Microsoft.ML;

namespace RePaViT.MLNet.Benchmarks;

/// <summary>ML.NET's own way with few images: the features of a ResNet18 that has seen ImageNet, and a linear classifier on them.</summary>
internal static class ResNet
{
    private const int ImageSize = 224;
    private const string ModelFolder = "DnnImageModels";

    /// <summary>Length of the network's files.</summary>
    public static long Bytes => Directory
        .EnumerateFiles(Path.Combine(AppContext.BaseDirectory, ModelFolder), "*.onnx", SearchOption.AllDirectories)
        .Sum(path => new FileInfo(path).Length);

    /// <summary>Image to the column Features.</summary>
    public static IEstimator<ITransformer> Featurize(MLContext context) => context.Transforms
        .ResizeImages("Resized", ImageSize, ImageSize, nameof(ImageRow.Image))
        .Append(context.Transforms.ExtractPixels("Pixels", "Resized"))
        .Append(context.Transforms.DnnFeaturizeImage(
            "Features", network => network.ModelSelector.ResNet18(context, network.OutputColumn, network.InputColumn), "Pixels"));

    /// <summary>Image and label to a classification.</summary>
    public static IEstimator<ITransformer> Classify(MLContext context) => Labels.ToKeys(context)
        .Append(Featurize(context))

        // The solver reads its data many times.
        .AppendCacheCheckpoint(context)
        .Append(context.MulticlassClassification.Trainers.LbfgsMaximumEntropy());
}
