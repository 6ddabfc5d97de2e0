using Microsoft.ML.Runtime;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Training;
using RePaViT.Reports;
using RePaViT.Training;

namespace RePaViT;

public sealed partial class ImageClassificationRePaViTTrainer
{
    /// <summary>Whether a model learns other classes by transfer. If it could but does not, the log says why.</summary>
    private bool Transfers(RePaViTModel? initial, ClassKeys classes, IChannel channel)
    {
        if (initial is null || initial.ClassNames.SequenceEqual(classes.Names))
        {
            return false;
        }

        string? obstacle = this switch
        {
            { _options.Transfer: null } => $"{nameof(Options.Transfer)} is null",
            { _options.TokenLabels: not null } => $"{nameof(Options.TokenLabels)} are set",
            { _options.Distillation: not null } => $"{nameof(Options.Distillation)} is set",
            _ => null,
        };
        if (obstacle is not null)
        {
            channel.Info(MessageSensitivity.None, $"All weights are trained, with a new last layer: {obstacle}.");
        }

        return obstacle is null;
    }

    private ReportSource Transfer(
        RePaViTModel initial,
        ImagePreprocessing preprocessing,
        IImageDataset training,
        IImageDataset? validation,
        IImageDataset calibration,
        ITrainingBackend? backend,
        Func<RePaViTModel, RePaViTModel> place,
        IChannel channel)
    {
        TransferOptions options = _options.Transfer!;
        if (_options.CheckpointFolder is not null)
        {
            options = options with { CheckpointFolder = Directory.CreateDirectory(_options.CheckpointFolder).FullName };
        }

        TrainingRecipe recipe = RecipeOf(_options);
        options = options with { Seed = Seed, Recipe = options.Recipe ?? (recipe == RecipeOf(new Options()) ? null : recipe) };
        RePaViTModel pretrained = initial.With(initial.Description with { Preprocessing = preprocessing }, initial.Network);
        if (_options.Converts(initial))
        {
            // First, so that the classifier is fitted to the features that it will see.
            Architecture wanted = _options.CreateArchitecture(initial, initial.Architecture.Classes);
            ConversionResult conversion = ConvertedTraining.Convert(
                pretrained, wanted, calibration, threads: null, done => channel.Info(MessageSensitivity.None, done.ToString()), _options.CancellationToken);
            channel.Info(MessageSensitivity.None, TrainingLog.Describe(conversion.Report));
            pretrained = conversion.Model;
        }

        var epochs = new EpochRecord(new TrainingLog(channel, _options.MetricsCallback, _options.Progress));
        var log = new TransferLog(channel, epochs);
        TransferResult result = new TransferLearning(pretrained, options).With(place, backend)
            .Fit(training, validation, log, _options.CancellationToken);
        log.Report(result);

        // Both forms are compared on the CPU.
        RePaViTModel trained = result.Model.OnCpu();
        var source = new ReportSource(trained, trained.Reparameterize()) { Remarks = [TransferLog.Describe(result), .. TransferLog.DescribeCrossValidation(result)] };
        return result.Method == TransferMethod.Linear
            ? source
            : source with { History = epochs.History, LearningRates = epochs.LearningRates, ComputedWith = epochs.ComputedWith };

        // What there is to convert is converted by then.
        TrainingRecipe RecipeOf(Options of) => of.CreateRecipe(Seed) with { ChannelIdleMethod = ChannelIdleMethod.Train };
    }
}
