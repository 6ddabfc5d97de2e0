using RePaViT;
using RePaViT.MLNet;
using static Microsoft.ML.MulticlassClassificationCatalog;

namespace Microsoft.ML;

/// <summary>Adds RePaViT to the trainers of an <see cref="MLContext"/>.</summary>
public static class RePaViTTrainerCatalog
{
    /// <summary>
    /// Creates a trainer of channel-idle vision transformers (RePaViT, arXiv 2505.21847), which classify images. A trained
    /// model is saved in structurally reparameterized form, which is smaller and faster.
    /// </summary>
    /// <param name="catalog">The trainers of an <see cref="MLContext"/>.</param>
    /// <param name="options">Columns, network, recipe and everything else.</param>
    /// <exception cref="ArgumentException">An option has a value that is not accepted; the message names it.</exception>
    public static ImageClassificationRePaViTTrainer RePaViT(
        this MulticlassClassificationTrainers catalog, ImageClassificationRePaViTTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new ImageClassificationRePaViTTrainer(Environments.Of(catalog), options);
    }

    /// <summary>
    /// Creates a trainer of channel-idle vision transformers (RePaViT, arXiv 2505.21847), which classify images, with
    /// defaults for everything else.
    /// </summary>
    /// <param name="catalog">The trainers of an <see cref="MLContext"/>.</param>
    /// <param name="labelColumnName">The label: a key.</param>
    /// <param name="featureColumnName">
    /// The images: MLImage, bytes of image files, or a vector of numbers of known shape with three colors.
    /// </param>
    /// <param name="scoreColumnName">The new column of class probabilities.</param>
    /// <param name="predictedLabelColumnName">The new column of the most probable class, a key like the label.</param>
    /// <param name="validationSet">
    /// Rows to validate on after each epoch, with the same columns; null to hold out a tenth of the training rows.
    /// </param>
    /// <exception cref="ArgumentException">A column has no name.</exception>
    public static ImageClassificationRePaViTTrainer RePaViT(
        this MulticlassClassificationTrainers catalog,
        string labelColumnName = DefaultColumns.Label,
        string featureColumnName = DefaultColumns.Features,
        string scoreColumnName = DefaultColumns.Score,
        string predictedLabelColumnName = DefaultColumns.PredictedLabel,
        IDataView? validationSet = null)
        => catalog.RePaViT(new ImageClassificationRePaViTTrainer.Options
        {
            LabelColumnName = labelColumnName,
            FeatureColumnName = featureColumnName,
            ScoreColumnName = scoreColumnName,
            PredictedLabelColumnName = predictedLabelColumnName,
            ValidationSet = validationSet,
        });

    /// <summary>
    /// A longer name for <see cref="RePaViT(MulticlassClassificationTrainers, ImageClassificationRePaViTTrainer.Options)"/>.
    /// </summary>
    /// <inheritdoc cref="RePaViT(MulticlassClassificationTrainers, ImageClassificationRePaViTTrainer.Options)"/>
    public static ImageClassificationRePaViTTrainer ImageClassificationRePaViT(
        this MulticlassClassificationTrainers catalog, ImageClassificationRePaViTTrainer.Options options)
        => catalog.RePaViT(options);

    /// <summary>
    /// A longer name for <see cref="RePaViT(MulticlassClassificationTrainers, string, string, string, string, IDataView?)"/>.
    /// </summary>
    /// <inheritdoc cref="RePaViT(MulticlassClassificationTrainers, string, string, string, string, IDataView?)"/>
    public static ImageClassificationRePaViTTrainer ImageClassificationRePaViT(
        this MulticlassClassificationTrainers catalog,
        string labelColumnName = DefaultColumns.Label,
        string featureColumnName = DefaultColumns.Features,
        string scoreColumnName = DefaultColumns.Score,
        string predictedLabelColumnName = DefaultColumns.PredictedLabel,
        IDataView? validationSet = null)
        => catalog.RePaViT(labelColumnName, featureColumnName, scoreColumnName, predictedLabelColumnName, validationSet);
}
