using Microsoft.ML;

namespace RePaViT.ImageClassification;

/// <summary>Training.</summary>
internal static partial class MLModel
{
    private static readonly HashSet<string> _imageExtensions =
        new([".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Lists the image files of a folder with one folder per class. Their bytes are read when they are needed.</summary>
    /// <exception cref="InvalidDataException">There are no image files in folders of classes.</exception>
    public static IDataView LoadImageFromFolder(MLContext mlContext, string folder)
    {
        ModelInput[] images = [.. new DirectoryInfo(folder).EnumerateDirectories()
            .SelectMany(label => label.EnumerateFiles(), (label, file) => (label, file))
            .Where(image => _imageExtensions.Contains(image.file.Extension))
            .OrderBy(image => image.file.FullName, StringComparer.Ordinal)
            .Select(image => new ModelInput { Label = image.label.Name, ImagePath = image.file.FullName })];
        return images.Length > 0
            ? mlContext.Data.LoadFromEnumerable(images)
            : throw new InvalidDataException($"'{folder}' has no image files in folders, one for each class.");
    }

    /// <summary>Label to key, file to bytes, bytes to prediction, prediction to text.</summary>
    public static IEstimator<ITransformer> BuildPipeline(MLContext mlContext, ImageClassificationRePaViTTrainer.Options options)
    {
        options.LabelColumnName = nameof(ModelInput.Label);
        options.FeatureColumnName = "ImageSource";
        return mlContext.Transforms.Conversion.MapValueToKey(nameof(ModelInput.Label))
            .Append(mlContext.Transforms.LoadRawImageBytes("ImageSource", null, nameof(ModelInput.ImagePath)))
            .Append(mlContext.MulticlassClassification.Trainers.RePaViT(options))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue(nameof(ModelOutput.PredictedLabel)));
    }

    /// <summary>Trains on the images.</summary>
    public static ITransformer RetrainModel(
        MLContext mlContext, IDataView trainData, ImageClassificationRePaViTTrainer.Options options)
        => BuildPipeline(mlContext, options).Fit(trainData);

    /// <summary>
    /// Saves the model in place of an earlier one, which is lost only when the new one is whole; the network in the file is
    /// the reparameterized one.
    /// </summary>
    public static void SaveModel(MLContext mlContext, ITransformer model, IDataView data, string modelSavePath)
        => mlContext.Model.SaveAtomically(model, data.Schema, modelSavePath);
}
