using Microsoft.ML;

namespace RePaViT.ImageClassification;

/// <summary>Training.</summary>
public static partial class MLModel
{
    private static readonly HashSet<string> _imageExtensions =
        new([".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Trains on a folder with one folder of images for each class, and saves the model.</summary>
    /// <exception cref="InvalidDataException">There are no image files in folders of classes.</exception>
    public static void Train(string outputModelPath, string inputDataFolderPath)
    {
        var mlContext = new MLContext();
        IDataView data = LoadImageFromFolder(mlContext, inputDataFolderPath);
        ITransformer model = RetrainModel(mlContext, data);
        SaveModel(mlContext, model, data, outputModelPath);
    }

    /// <summary>
    /// Lists the image files of a folder with one folder for each class: their labels, paths (ImagePath), and bytes, which are read
    /// when they are needed, not before.
    /// </summary>
    /// <exception cref="InvalidDataException">There are no image files in folders of classes.</exception>
    public static IDataView LoadImageFromFolder(MLContext mlContext, string folder)
    {
        ImageFile[] files = [.. new DirectoryInfo(folder).EnumerateDirectories()
            .SelectMany(label => label.EnumerateFiles(), (label, file) => (label, file))
            .Where(image => _imageExtensions.Contains(image.file.Extension))
            .OrderBy(image => image.file.FullName, StringComparer.Ordinal)
            .Select(image => new ImageFile { Label = image.label.Name, ImagePath = image.file.FullName })];
        if (files.Length == 0)
        {
            throw new InvalidDataException($"'{folder}' has no image files in subfolders: one subfolder for each class is needed.");
        }

        IDataView paths = mlContext.Data.LoadFromEnumerable(files);
        return mlContext.Transforms.LoadRawImageBytes(nameof(ModelInput.ImageSource), null, nameof(ImageFile.ImagePath))
            .Fit(paths).Transform(paths);
    }

    /// <summary>
    /// Saves the model in place of an earlier one, which is lost only when the new one is whole; the network in the file is
    /// the reparameterized one.
    /// </summary>
    public static void SaveModel(MLContext mlContext, ITransformer model, IDataView data, string modelSavePath)
        => mlContext.Model.SaveAtomically(model, data.Schema, modelSavePath);

    /// <summary>Trains on images.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="trainData">Label and ImageSource, the bytes of image files.</param>
    /// <param name="options">How to train; null for the defaults.</param>
    public static ITransformer RetrainModel(
        MLContext mlContext, IDataView trainData, ImageClassificationRePaViTTrainer.Options? options = null)
        => BuildPipeline(mlContext, options).Fit(trainData);

    /// <summary>Label to key, bytes to prediction, prediction to text.</summary>
    public static IEstimator<ITransformer> BuildPipeline(MLContext mlContext, ImageClassificationRePaViTTrainer.Options? options = null)
        => mlContext.Transforms.Conversion.MapValueToKey(nameof(ModelInput.Label))
            .Append(mlContext.MulticlassClassification.Trainers.RePaViT((options ?? DefaultOptions()) with
            {
                LabelColumnName = nameof(ModelInput.Label),
                FeatureColumnName = nameof(ModelInput.ImageSource),
            }))
            .Append(mlContext.Transforms.Conversion.MapKeyToValue(nameof(ModelOutput.PredictedLabel)));

    /// <summary>Small enough for a CPU; with a GPU or patience, ViTArchitecture.Small at 224 pixels does better.</summary>
    public static ImageClassificationRePaViTTrainer.Options DefaultOptions() => new()
    {
        Architecture = new ViTArchitecture { Dim = 192, Depth = 6, Heads = 3, ImageSize = 64, PatchSize = 8 },
    };

    /// <summary>A file and its class.</summary>
    private sealed class ImageFile
    {
        public string Label { get; set; } = "";

        public string ImagePath { get; set; } = "";
    }
}
