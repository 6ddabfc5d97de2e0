using Microsoft.ML;
using Microsoft.ML.Runtime;
using RePaViT.IO;
using RePaViT.MLNet;
using RePaViT.MLNet.Images;
using RePaViT.MLNet.Labels;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Scoring;
using RePaViT.MLNet.Training;
using RePaViT.Reports;
using RePaViT.Torch;
using RePaViT.Training;

namespace RePaViT;

/// <summary>
/// Trains a channel-idle vision transformer (RePaViT, arXiv 2505.21847) to classify images. The resulting transformer scores with the
/// structurally reparameterized network, which is smaller and faster, and saves it. Training from random weights trains the vanilla
/// network, which is converted at the end, unless <see cref="TrainingRecipe.ChannelIdleMethod"/> says otherwise.
/// </summary>
/// <remarks>
/// Images are decoded once, reduced if they are large, and kept for all epochs. Progress and warnings reach
/// <see cref="MLContext.Log"/>.
/// </remarks>
public sealed partial class ImageClassificationRePaViTTrainer : IEstimator<ImageClassificationRePaViTTransformer>
{
    private const string CheckpointName = "checkpoint.safetensors";
    private const string PreviousCheckpointName = "checkpoint.previous.safetensors";
    private const string PretrainingCheckpointName = "pretraining.safetensors";
    private const string PreviousPretrainingCheckpointName = "pretraining.previous.safetensors";

    // Random crops that are enlarged to the network's size blur; images kept at 1.5 times it leave most crops sharp.
    private const double ReducedSideFactor = 1.5;

    // Enough to find a difference, few enough to cost nothing beside training.
    private const int ReportImages = 32;

    private const int MaxNamesListed = 20;

    // With fewer, which epoch is best is chance: of 100 images, the share that is right is known to 4 or 5 %.
    private const int FewestForChoice = 100;

    private readonly IHost _host;
    private readonly int? _contextSeed;
    private readonly Options _options;

    /// <summary>Creates a trainer; <c>mlContext.MulticlassClassification.Trainers.RePaViT(options)</c> does the same.</summary>
    /// <param name="environment">The <see cref="MLContext"/>.</param>
    /// <param name="options">Columns, network, recipe and everything else; copied.</param>
    /// <exception cref="ArgumentException">An option has a value that is not accepted; the message names it.</exception>
    public ImageClassificationRePaViTTrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _host = environment.Register(nameof(ImageClassificationRePaViTTrainer));
        _contextSeed = Environments.SeedOf(environment);
        _options = options with { };
    }

    /// <summary>Reads the images and trains.</summary>
    /// <param name="input">Rows with images and labels; those with a missing label are left out.</param>
    /// <exception cref="ArgumentException">
    /// The columns, the data and the options do not fit together; the message says what would be accepted.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// Images cannot be read (the message lists them), or the checkpoint or the pretrained weights are damaged.
    /// </exception>
    /// <exception cref="NotSupportedException">The device cannot be used, or the network is too large for it.</exception>
    /// <exception cref="InsufficientMemoryException">The GPU has too little memory; the message says what would need less.</exception>
    /// <exception cref="TrainingDivergedException">The loss, the gradients or the weights are no longer finite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled before training began.</exception>
    /// <exception cref="IOException">
    /// The workspace or the checkpoint cannot be read or written, or the pretrained weights cannot be read or downloaded.
    /// </exception>
    public ImageClassificationRePaViTTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using IChannel channel = _host.Start("Training");
        DeviceChoice device = Devices.Choose(_options.Device, "Training", channel);
        return Fit(input, channel, device.CreateBackend(), device.Place);
    }

    /// <param name="input">The rows to train on.</param>
    /// <param name="channel">Receives messages.</param>
    /// <param name="backend">What trains and validates; null for the CPU.</param>
    /// <param name="place">Gives the deployed model its scoring engine.</param>
    internal ImageClassificationRePaViTTransformer Fit(
        IDataView input, IChannel channel, ITrainingBackend? backend, Func<RePaViTModel, RePaViTModel> place)
    {
        ReportFile? reportFile = _options.ReportPath is string path ? new ReportFile(path, nameof(Options.ReportPath)) : null;
        if (OnnxRuntimeLibrary.FindProblem() is Exception problem)
        {
            // Better known now than when the trained model is to be saved.
            channel.Warning(MessageSensitivity.None, problem.Message);
        }

        ImageColumn features = ImageColumn.Of(Columns.Find(input.Schema, _options.FeatureColumnName, Columns.DroppedImages));
        ClassKeys classes = ClassKeys.Of(Columns.Find(input.Schema, _options.LabelColumnName));
        if (classes.Count < 2 && _options.Distillation is { CountsLabels: false })
        {
            throw new ArgumentException(
                $"Column '{_options.LabelColumnName}' has fewer than two keys: a network needs at least two classes, even where labels "
                + "are not used for training. Map two or more values to keys; the rows themselves may have missing keys.");
        }

        RePaViTModel? initial = InitialModelOf(channel);
        Architecture architecture = _options.CreateArchitecture(initial, Math.Max(classes.Count, 2));
        RePaViTModel? teacher = _options.TokenLabels?.Teacher ?? _options.Distillation?.ScoreModel;
        if (teacher is not null && !teacher.ClassNames.SequenceEqual(classes.Names))
        {
            throw new ArgumentException(
                $"Column '{_options.LabelColumnName}' has keys that differ from the teacher's classes: "
                + "the same keys, in the same order, are needed.");
        }

        ImagePreprocessing preprocessing = initial?.Preprocessing ?? new ImagePreprocessing();
        preprocessing = preprocessing with
        {
            ReducedSide = preprocessing.ReducedSide ?? (int)(ReducedSideFactor * architecture.ImageSize),
            Decoding = _options.ImageDecoding ?? preprocessing.Decoding,
        };

        using var workspace = new Workspace(_options.WorkspacePath);
        using ImageStore store = workspace.CreateStore(
            _options.ImageCacheMemory ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);
        IImageDataset? unlabeled = ReadUnlabeled(features, store, preprocessing, channel);
        initial = unlabeled is null ? initial : Pretrain(architecture, preprocessing, unlabeled, backend, channel);
        bool transfers = Transfers(initial, classes, channel);
        (IImageDataset training, IImageDataset? validation, IReadOnlyList<string> leftOut) = ReadImages(
            input, classes, features, store, preprocessing, channel, splits: !transfers || _options.CalibrateProbabilities);
        Distillation? distillation = PipelineTeacher.Resolve(_options.Distillation, input, training, channel, _options.CancellationToken);
        TrainingResult? result = transfers
            ? null
            : Train(architecture, initial, preprocessing, training, validation, distillation, backend, channel);
        ReportSource source = result is null
            ? Transfer(initial!, preprocessing, training, validation, unlabeled ?? training, backend, place, channel)
            : ReportSource.Of(result);
        (RePaViTModel trained, RePaViTModel deployed) = (source.Trained, source.Deployed);
        ReparameterizationReport report = Compare(trained, deployed, validation ?? training);
        channel.Info(
            MessageSensitivity.None,
            result?.Conversion is ConversionResult conversion ? TrainingLog.Describe(conversion.Report) : TrainingLog.Describe(report));
        TemperatureFit? temperature = Calibrate(deployed, validation, channel);
        if (reportFile is not null)
        {
            Report(reportFile, source, input, training, validation, leftOut, isCalibrated: temperature is not null, channel);
        }

        deployed = temperature is null ? deployed : deployed.WithTemperature(temperature.Temperature);
        return new ImageClassificationRePaViTTransformer(
            _host, CreateDescription(features), classes, place(deployed.WithPrecision(_options.ScoringPrecision)), report, trained);
    }

    /// <summary>The columns that the transformer will have, known before training.</summary>
    /// <param name="inputSchema">The columns of the data.</param>
    /// <exception cref="ArgumentException">A column is missing or of a type that is not accepted.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ImageColumn.ThrowUnlessAccepted(Columns.Find(inputSchema, _options.FeatureColumnName, Columns.DroppedImages));
        SchemaShape.Column label = Columns.Find(inputSchema, _options.LabelColumnName);
        return ScoringSchema.AddTo(inputSchema, CreateDescription(features: null), label);
    }

    private ScoringDescription CreateDescription(ImageColumn? features) => new()
    {
        FeatureColumnName = _options.FeatureColumnName,
        Features = features,
        ScoreColumnName = _options.ScoreColumnName,
        PredictedLabelColumnName = _options.PredictedLabelColumnName,
    };

    private (IImageDataset Training, IImageDataset? Validation, IReadOnlyList<string> LeftOut) ReadImages(
        IDataView input,
        ClassKeys classes,
        ImageColumn features,
        ImageStore store,
        ImagePreprocessing preprocessing,
        IChannel channel,
        bool splits)
    {
        if (_options.ValidationSet is not null)
        {
            ThrowUnlessLike(_options.ValidationSet.Schema, classes, features);
        }

        var leftOut = new List<string>();
        IImageDataset training = Read(input, "training");
        int[] counts = training.CountLabels();
        if (counts.Count(count => count > 0) < 2 && _options.Distillation is null or { CountsLabels: true })
        {
            throw new ArgumentException(
                $"All {training.Count} training images have label '{Excerpt.Of(classes.Names[training.GetLabel(0)])}': at least two classes are needed.");
        }

        string[] unseen = [.. classes.Names.Where((_, label) => counts[label] == 0)];
        if (unseen.Length > 0)
        {
            string more = unseen.Length > MaxNamesListed ? $" and {unseen.Length - MaxNamesListed} more" : "";
            channel.Warning(
                MessageSensitivity.UserData,
                $"No training image has these labels: {Excerpt.OfList(unseen.Take(MaxNamesListed))}{more}.");
        }

        IImageDataset? validation = null;
        if (_options.ValidationSet is not null)
        {
            validation = Read(_options.ValidationSet, "validation");
        }
        else if (splits && _options.ValidationSetFraction is double fraction)
        {
            if (counts.Any(count => ImageDatasetExtensions.CountSecondPart(count, fraction) > 0))
            {
                (training, validation) = training.Split(fraction, Seed);
            }
            else
            {
                channel.Warning(
                    MessageSensitivity.None,
                    $"Training without validation: {fraction} of a class's images is less than one image.");
            }
        }

        if (validation?.Count < FewestForChoice)
        {
            channel.Warning(
                MessageSensitivity.None,
                $"Only {validation.Count} images choose the best epoch, so chance plays a large part. "
                + $"With {nameof(Options.ValidationSetFraction)} null, training uses all images and keeps the last epoch.");
        }

        channel.Info(MessageSensitivity.None, TrainingLog.Describe(training, validation, store));
        return (training, validation, leftOut);

        StoredImageDataset Read(IDataView data, string purpose)
        {
            var import = new ImageImport(
                data,
                Columns.Find(data.Schema, _options.FeatureColumnName),
                Columns.Find(data.Schema, _options.LabelColumnName),
                store,
                preprocessing,
                channel,
                usesUnlabeled: _options.UsesUnlabeled && data == input);
            StoredImageDataset read = import.Read(purpose, _options.MaxUnreadableFraction, _options.CancellationToken);
            leftOut.AddRange(import.LeftOut);
            return read;
        }
    }

    private void ThrowUnlessLike(DataViewSchema validation, ClassKeys classes, ImageColumn features)
    {
        ImageColumn validationFeatures = ImageColumn.Of(Columns.Find(validation, _options.FeatureColumnName, NotTransformed(nameof(Options.ValidationSet))));
        if (validationFeatures.Kind != features.Kind)
        {
            throw new ArgumentException(
                $"Column '{_options.FeatureColumnName}' holds {features.Kind} values in the training data, but "
                + $"{validationFeatures.Kind} values in {nameof(Options.ValidationSet)}: both must be the same.");
        }

        if (!ClassKeys.Of(Columns.Find(validation, _options.LabelColumnName, NotTransformed(nameof(Options.ValidationSet)))).HasSameClasses(classes))
        {
            throw new ArgumentException(
                $"Column '{_options.LabelColumnName}' has keys in {nameof(Options.ValidationSet)} that differ from those in the training "
                + "data. Map the labels to keys before the data are split, or transform the validation rows with the mapping that was "
                + "fitted to the training rows.");
        }
    }

    /// <summary>Why a column may be missing in rows that were given as an option.</summary>
    private static string NotTransformed(string option)
        => $" {option} does not pass through the steps before the trainer: transform it with them, fitted to the training rows.";

    private TrainingResult Train(
        Architecture architecture,
        RePaViTModel? initial,
        ImagePreprocessing preprocessing,
        IImageDataset training,
        IImageDataset? validation,
        Distillation? distillation,
        ITrainingBackend? backend,
        IChannel channel)
    {
        TrainingRecipe recipe = _options.CreateRecipe(Seed);
        if (initial is not null)
        {
            // The model to continue from decides.
            recipe = recipe with { ChannelIdleMethod = ChannelIdleMethod.Auto };
        }

        if (_options.BatchSize is null && recipe.BatchSize > training.Count)
        {
            recipe = recipe with { BatchSize = Math.Max(training.Count, 2) };
        }

        recipe = recipe.Complete(training.Count);
        string? checkpoint = CheckpointOf(CheckpointName);
        using PathLock? checkpointLock = checkpoint is null ? null : Checkpoint.Lock(checkpoint);
        bool resume = Resumes(checkpoint, PreviousCheckpointName, channel);
        var options = new TrainerOptions { CheckpointPath = checkpoint };
        var trainer = new Trainer(architecture, recipe, options, backend)
        {
            Preprocessing = preprocessing,
            InitialModel = resume ? null : initial,
            TokenLabels = _options.TokenLabels,
            Distillation = distillation,
            CheckpointLock = checkpointLock,
        };
        channel.Info(MessageSensitivity.None, TrainingLog.Describe(architecture, recipe, resume ? checkpoint : null));
        var log = new TrainingLog(channel, _options.MetricsCallback, _options.Progress);
        TrainingResult result = resume
            ? trainer.Resume(training, validation, log, _options.CancellationToken)
            : trainer.Fit(training, validation, log, _options.CancellationToken);
        TrainingLog.Report(result, converts: result.Model.Architecture.IsVanilla && !architecture.IsVanilla, channel);
        return result;
    }

    /// <summary>The path of a state in <see cref="Options.CheckpointFolder"/>, which is created; null where there is none.</summary>
    private string? CheckpointOf(string name)
        => _options.CheckpointFolder is null ? null : Path.Combine(Directory.CreateDirectory(_options.CheckpointFolder).FullName, name);

    /// <summary>Whether a state is continued. One that is not gets another name.</summary>
    private bool Resumes(string? checkpoint, string previousName, IChannel channel)
    {
        if (!File.Exists(checkpoint))
        {
            return false;
        }

        if (!_options.Resume)
        {
            string kept = Path.Combine(Path.GetDirectoryName(checkpoint)!, previousName);
            File.Move(checkpoint, kept, overwrite: true);
            channel.Info(MessageSensitivity.None, $"The state of an earlier run is kept as '{kept}'; "
                + $"{nameof(Options.Resume)} would have continued it.");
        }

        return _options.Resume;
    }

    private ulong Seed => _contextSeed is int seed ? (uint)seed : _options.Recipe.Seed;

    /// <summary>Runs both forms of the network on some images, on the CPU, where nothing is rounded below 32 bits.</summary>
    private static ReparameterizationReport Compare(RePaViTModel trained, RePaViTModel deployed, IImageDataset images)
    {
        RgbImage[] sample = [.. Enumerable.Range(0, Math.Min(images.Count, ReportImages)).Select(images.GetImage)];
        double largest = trained.Predict(sample).Zip(deployed.Predict(sample))
            .Max(pair => pair.First.Probabilities.Zip(pair.Second.Probabilities, (a, b) => Math.Abs((double)a - b)).Max());
        return new ReparameterizationReport(trained.Cost, deployed.Cost, largest, sample.Length);
    }
}
