using Microsoft.ML;
using Microsoft.ML.Runtime;
using RePaViT.IO;
using RePaViT.MLNet;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Training;
using RePaViT.Training;

namespace RePaViT;

public sealed partial class ImageClassificationRePaViTTrainer
{
    /// <summary>The images without labels; null where there are none to learn from.</summary>
    private StoredImageDataset? ReadUnlabeled(ImageColumn features, ImageStore store, ImagePreprocessing preprocessing, IChannel channel)
    {
        if (_options.UnlabeledSet is not { } data)
        {
            return null;
        }

        DataViewSchema.Column column = Columns.Find(data.Schema, _options.FeatureColumnName, NotTransformed(nameof(Options.UnlabeledSet)));
        ImageColumn images = ImageColumn.Of(column);
        if (images.Kind != features.Kind)
        {
            throw new ArgumentException(
                $"Column '{_options.FeatureColumnName}' holds {features.Kind} values in the training data, but "
                + $"{images.Kind} values in {nameof(Options.UnlabeledSet)}: both must be the same.");
        }

        return new ImageImport(data, column, label: null, store, preprocessing, channel)
            .Read("unlabeled", _options.MaxUnreadableFraction, _options.CancellationToken);
    }

    /// <summary>What a network learns from images without labels.</summary>
    private RePaViTModel Pretrain(
        Architecture architecture, ImagePreprocessing preprocessing, IImageDataset images, ITrainingBackend? backend, IChannel channel)
    {
        string? checkpoint = CheckpointOf(PretrainingCheckpointName);
        using PathLock? checkpointLock = checkpoint is null ? null : Checkpoint.Lock(checkpoint);
        bool resume = Resumes(checkpoint, PreviousPretrainingCheckpointName, channel);
        var trainer = new Trainer(architecture, _options.CreateRecipe(Seed), new TrainerOptions { CheckpointPath = checkpoint }, backend)
        {
            Preprocessing = preprocessing,
            CheckpointLock = checkpointLock,
        };
        channel.Info(
            MessageSensitivity.None,
            $"{images.Count} images without labels to learn from first{(resume ? $", continued from '{checkpoint}'" : "")}.");
        var log = new TrainingLog(channel, metricsCallback: null, _options.Progress);
        TrainingResult result = resume
            ? trainer.ResumePretraining(images, _options.SelfDistillation, log, _options.CancellationToken)
            : trainer.Pretrain(images, _options.SelfDistillation, log, _options.CancellationToken);
        TrainingLog.Report(result, converts: false, channel);

        // Features alone classify nothing.
        _options.CancellationToken.ThrowIfCancellationRequested();
        return result.Model;
    }
}
