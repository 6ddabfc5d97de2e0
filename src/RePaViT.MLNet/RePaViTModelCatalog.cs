using Microsoft.ML.Runtime;
using RePaViT;
using RePaViT.IO;
using RePaViT.MLNet;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Loading;
using RePaViT.MLNet.Scoring;

namespace Microsoft.ML;

/// <summary>Saving and loading of channel-idle vision transformers.</summary>
public static class RePaViTModelCatalog
{
    /// <summary>
    /// Saves what <see cref="ModelOperationsCatalog.Save(ITransformer, DataViewSchema, string)"/> saves, but writes it to a
    /// temporary file, which is renamed when all of it is on the disk: a full disk, an exception or a killed process leave
    /// the earlier model as it was.
    /// </summary>
    /// <param name="catalog">The catalog.</param>
    /// <param name="model">Any model of ML.NET.</param>
    /// <param name="inputSchema">The columns that the model takes; null to save none.</param>
    /// <param name="filePath">The file to create or replace, or a link to it.</param>
    /// <exception cref="IOException">The file cannot be written; it keeps its content.</exception>
    /// <exception cref="UnauthorizedAccessException">The path is a folder, a pipe or a device, or may not be written.</exception>
    public static void SaveAtomically(
        this ModelOperationsCatalog catalog, ITransformer model, DataViewSchema? inputSchema, string filePath)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(model);
        AtomicFile.Write(filePath, stream => catalog.Save(model, inputSchema, stream));
    }

    /// <summary>
    /// Loads a transformer that scores in batches on this library's own engine: faster than what
    /// <see cref="ModelOperationsCatalog.Load(string, out DataViewSchema)"/> returns, and without ONNX Runtime.
    /// </summary>
    /// <param name="catalog">The catalog.</param>
    /// <param name="path">
    /// An ML.NET model with an <see cref="ImageClassificationRePaViTTransformer"/> anywhere in it, of which only that is
    /// loaded, or an ONNX file that <see cref="ImageClassificationRePaViTTransformer.SaveAsOnnx"/> or
    /// <see cref="RePaViTModel.Save(string)"/> wrote. The latter does not describe columns: then images of any kind are
    /// taken from Features, keys stand for texts, and the results are Score and PredictedLabel.
    /// </param>
    /// <param name="device">The device to score on. Default: a GPU if one can be used, otherwise the CPU.</param>
    /// <param name="precision">What matrix products may be rounded to, if that makes the device faster.</param>
    /// <param name="decoding">
    /// How image files are decoded; null to decode as in training. Models that were saved before this could be chosen ignore
    /// the orientation and treat transparent pixels as black.
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="UnauthorizedAccessException">It is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">
    /// There is no classifier of this library in the file, more than one, or it is damaged; the message says where.
    /// </exception>
    /// <exception cref="NotSupportedException">The device cannot be used; the message says what is missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device, or no such precision.</exception>
    /// <exception cref="ArgumentException">A property of <paramref name="decoding"/> has a value that is not accepted.</exception>
    public static ImageClassificationRePaViTTransformer LoadRePaViT(
        this ModelOperationsCatalog catalog,
        string path,
        Device device = Device.Auto,
        InferencePrecision precision = InferencePrecision.Full,
        ImageDecoding? decoding = null)
    {
        decoding?.Validate();
        IHostEnvironment environment = Environments.Of(catalog);
        LoadedModel loaded = ModelFile.Read(path);
        RePaViTModel model = Devices.Place(loaded.Model.DecodedAs(decoding), device, precision, environment.Register(nameof(LoadRePaViT)));
        return new ImageClassificationRePaViTTransformer(environment, loaded.Scoring, loaded.Classes, model);
    }

    /// <summary>
    /// Makes a transformer of a model that needs no training here: what <see cref="ClipModel.CreateClassifier"/> made of names, for instance,
    /// or pretrained weights. It is appended to a pipeline that was fitted, saved and loaded as one that a trainer gave.
    /// </summary>
    /// <param name="catalog">The catalog.</param>
    /// <param name="model">The model; one in training form is reparameterized. Its class names become what predicted keys stand for.</param>
    /// <param name="inputSchema">The columns of the images that it will get: a saved model must know what they hold.</param>
    /// <param name="featureColumnName">The images, as the trainer takes them: MLImage, bytes of image files, or a vector of numbers.</param>
    /// <param name="scoreColumnName">The new column of class probabilities.</param>
    /// <param name="predictedLabelColumnName">The new column of the most probable class.</param>
    /// <param name="device">What to score on. Default: a GPU if one can be used, otherwise the CPU.</param>
    /// <param name="precision">What matrix products may be rounded to, where the device is faster with that.</param>
    /// <exception cref="ArgumentException">The column of images is missing or holds something else, or a new one has no name of its own.</exception>
    /// <exception cref="NotSupportedException">The device cannot be used; the message says what is missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device, or no such precision.</exception>
    public static ImageClassificationRePaViTTransformer CreateRePaViT(
        this ModelOperationsCatalog catalog,
        RePaViTModel model,
        DataViewSchema inputSchema,
        string featureColumnName = DefaultColumns.Features,
        string scoreColumnName = DefaultColumns.Score,
        string predictedLabelColumnName = DefaultColumns.PredictedLabel,
        Device device = Device.Auto,
        InferencePrecision precision = InferencePrecision.Full)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(inputSchema);
        Columns.ThrowUnlessNamed(featureColumnName);
        Columns.ThrowUnlessNamed(scoreColumnName);
        Columns.ThrowUnlessNamed(predictedLabelColumnName);
        if (scoreColumnName == predictedLabelColumnName)
        {
            throw new ArgumentException($"Scores and predicted labels are both '{scoreColumnName}': two names are needed.", nameof(scoreColumnName));
        }

        var description = new ScoringDescription
        {
            FeatureColumnName = featureColumnName,
            Features = ImageColumn.Of(Columns.Find(inputSchema, featureColumnName)),
            ScoreColumnName = scoreColumnName,
            PredictedLabelColumnName = predictedLabelColumnName,
        };
        IHostEnvironment environment = Environments.Of(catalog);
        RePaViTModel placed = Devices.Place(model.Reparameterize(), device, precision, environment.Register(nameof(CreateRePaViT)));
        return new ImageClassificationRePaViTTransformer(environment, description, ClassKeys.FromNames(model.ClassNames), placed);
    }
}
