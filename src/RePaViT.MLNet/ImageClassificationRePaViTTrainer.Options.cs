using Microsoft.ML;
using RePaViT.MLNet;
using RePaViT.MLNet.Saving;

namespace RePaViT;

public sealed partial class ImageClassificationRePaViTTrainer
{
    /// <summary>
    /// What to train, on which columns, and how. The names are those of ML.NET's own image classification trainer where it
    /// has the same option.
    /// </summary>
    public sealed record Options
    {
        /// <summary>The label: a key, such as Conversion.MapValueToKey makes. Default "Label".</summary>
        public string LabelColumnName { get; set; } = DefaultColumns.Label;

        /// <summary>
        /// The images: bytes of image files (LoadRawImageBytes), MLImage values of any size (LoadImages), or a vector of
        /// numbers from 0 to 255 of known shape with three colors (ExtractPixels). Bytes are best: LoadImages accepts truncated
        /// files as complete and decodes any number of pixels, crashes the process on a damaged BMP file, and loses the orientation
        /// in the file's metadata, so that photos from phones may lie on their side. Default "Features".
        /// </summary>
        public string FeatureColumnName { get; set; } = DefaultColumns.Features;

        /// <summary>The new column of class probabilities. Default "Score".</summary>
        public string ScoreColumnName { get; set; } = DefaultColumns.Score;

        /// <summary>The new column of the most probable class, a key like the label. Default "PredictedLabel".</summary>
        public string PredictedLabelColumnName { get; set; } = DefaultColumns.PredictedLabel;

        /// <summary>
        /// Rows to validate on after each epoch, with the same columns; null to hold out
        /// <see cref="ValidationSetFraction"/> of the training rows. Default null.
        /// </summary>
        public IDataView? ValidationSet { get; set; }

        /// <summary>
        /// The share of each class that is held out for validation where no <see cref="ValidationSet"/> is given, in (0, 1);
        /// null to train without validation. Default 0.1.
        /// </summary>
        public double? ValidationSetFraction { get; set; } = 0.1;

        /// <summary>
        /// The network, with the size of its images and its idle ratio; its number of classes follows from the label. Its
        /// weights start at random: on a CPU, or with few images, a small network for small images learns more in the same
        /// time. Default: <see cref="ViTArchitecture.Tiny"/>.
        /// </summary>
        public Architecture Architecture { get; set; } = ViTArchitecture.Tiny;

        /// <summary>
        /// Optimizer, schedule, augmentation, moving average and everything else that decides the result of training. A seed of the
        /// <see cref="MLContext"/> replaces the recipe's: the same seed and the same rows give the same model on CPUs with the same
        /// instruction set, and nearly the same on others and on a GPU. Default: a recipe for small data sets, whose epochs and batches
        /// are derived from the number of training images.
        /// </summary>
        public TrainingRecipe Recipe { get; set; } = new();

        /// <summary>
        /// Images that pass through the network together, at least 2; null for the recipe's, whose default is derived from the
        /// number of training images, or for all images if there are fewer. Default null.
        /// </summary>
        public int? BatchSize { get; set; }

        /// <summary>
        /// How often each training image is seen, at least 1; null for the recipe's, whose default is derived from the number
        /// of training images. Default null.
        /// </summary>
        public int? Epoch { get; set; }

        /// <summary>The highest learning rate, above 0; null for the recipe's. Default null.</summary>
        public double? LearningRate { get; set; }

        /// <summary>When to end before the last epoch; needs validation. Null for the recipe's. Default null.</summary>
        public EarlyStopping? EarlyStoppingCriteria { get; set; }

        /// <summary>
        /// The device to train on, and to score on afterwards. A GPU needs the package TorchSharp-cuda-windows or
        /// TorchSharp-cuda-linux in the application; what was chosen and why is in the log. Default: a GPU if one can be
        /// used, otherwise the CPU.
        /// </summary>
        public Device Device { get; set; } = Device.Auto;

        /// <summary>
        /// What matrix products may be rounded to when the trained model scores, if that makes the device faster. Saved
        /// weights are always 32-bit floats. Default: 32-bit floats.
        /// </summary>
        public InferencePrecision ScoringPrecision { get; set; }

        /// <summary>
        /// A model to continue from: its network replaces <see cref="Architecture"/>, and its weights are used. A model that was saved
        /// and loaded no longer has batch statistics; they are measured again on the training images. If the classes are not the same,
        /// <see cref="Transfer"/> decides what is done. A vanilla network is converted (<see cref="ChannelIdleMethod.Convert"/>) to
        /// the idle ratio of <see cref="Architecture"/>, unless that has none: at the end if all of its weights are trained, at the
        /// beginning if it learns other classes by transfer. Null to start from random weights. Default null.
        /// </summary>
        public ImageClassificationRePaViTTransformer? InitialModel { get; set; }

        /// <summary>
        /// Pretrained weights to start from: their network replaces <see cref="Architecture"/>. If the classes are not the same,
        /// <see cref="Transfer"/> decides what is done. The log says what was found in the file. Cannot be combined with
        /// <see cref="InitialModel"/>. Null to start from random weights. Default null.
        /// </summary>
        public PretrainedSource? Pretrained { get; set; }

        /// <summary>
        /// What <see cref="Pretrained"/> does not say itself, and the desired image size; null for none. Default null.
        /// </summary>
        public PretrainedOptions? PretrainedOptions { get; set; }

        /// <summary>
        /// How <see cref="InitialModel"/> or <see cref="Pretrained"/> learns classes other than its own: by a linear classifier on its
        /// features and, if there are enough images, by fine-tuning, which is kept if it does better; the log says which, and why.
        /// <see cref="Recipe"/>, if it is not the default, and its shortcuts here say how to fine-tune. The seed and
        /// <see cref="CheckpointFolder"/> are those of the trainer; results there for the same data are used, even without
        /// <see cref="Resume"/>. Null to train all weights with a new last layer, which is also what happens with
        /// <see cref="TokenLabels"/> and <see cref="Distillation"/>. Default: what suits the number of images.
        /// </summary>
        public TransferOptions? Transfer { get; set; } = new();

        /// <summary>
        /// Labels of every patch of an image, for an <see cref="LVViTArchitecture"/>: from a teacher
        /// (<c>TokenLabels.FromTeacher(transformer.Model)</c>), whose classes must be the keys of the label; or from a file, which
        /// has labels for all rows of the training data, including those that are held out or left out. Null to train with the
        /// labels of the images alone. Default null.
        /// </summary>
        public TokenLabels? TokenLabels { get; set; }

        /// <summary>
        /// A teacher, whose scores or features the network learns in addition to the labels or instead of them: any fitted pipeline
        /// (<see cref="PipelineDistillation"/>), another model (<c>Distillation.FromScores(transformer.Model)</c>), or vectors computed for
        /// each row of the training data, including those that are held out or left out. With <see cref="Distillation.Weight"/> 1, labels
        /// do not count, and rows without a label are used for training too, unless <see cref="ValidationSetFraction"/> holds out some.
        /// Cannot be combined with <see cref="TokenLabels"/>. Null for none. Default null.
        /// </summary>
        public Distillation? Distillation { get; set; }

        /// <summary>
        /// Rows with images that have no label: the network learns from them first (<see cref="SelfDistillation"/>), and from the labeled
        /// rows afterwards, as <see cref="Transfer"/> says. Only the column of images is needed. Worth it if there are many more images
        /// than labels; it takes several times as long as training with labels on as many images. Cannot be combined with
        /// <see cref="InitialModel"/> or <see cref="Pretrained"/>. Null for none. Default null.
        /// </summary>
        public IDataView? UnlabeledSet { get; set; }

        /// <summary>How to learn from <see cref="UnlabeledSet"/>; null for the defaults. Default null.</summary>
        public SelfDistillation? SelfDistillation { get; set; }

        /// <summary>
        /// A folder for the state of the run, which is updated at each epoch and on cancellation; created if necessary.
        /// It holds one run, and the state of the previous one under another name: the folds of a cross-validation would
        /// overwrite each other's. Null for none. Default null.
        /// </summary>
        public string? CheckpointFolder { get; set; }

        /// <summary>
        /// Whether to continue from the state in <see cref="CheckpointFolder"/>, ending with the same weights as a run that
        /// was never interrupted (on a GPU, or on a CPU with a different instruction set from before, nearly the same, and the
        /// log says so); if there is none yet, training starts at the beginning. The state of a run with other images, labels
        /// or options is refused. Default false.
        /// </summary>
        public bool Resume { get; set; }

        /// <summary>
        /// A folder for decoded images that do not fit into <see cref="ImageCacheMemory"/>; created if necessary. Null
        /// for a temporary one, which is deleted afterwards. Default null.
        /// </summary>
        public string? WorkspacePath { get; set; }

        /// <summary>
        /// Bytes of memory to hold decoded images in, at least 0; null for a quarter of what the process may use. Default null.
        /// </summary>
        public long? ImageCacheMemory { get; set; }

        /// <summary>
        /// The share of images, in [0, 1), that may be missing or damaged. They are left out, each with a warning; if there
        /// are more, training does not start and the exception lists them. Scoring leaves no rows out: drop such rows
        /// before evaluating on them. Default 0.
        /// </summary>
        public double MaxUnreadableFraction { get; set; }

        /// <summary>
        /// Whether the orientation in a file's metadata is followed, what transparent pixels are blended with, and how many pixels an
        /// image may have; the model keeps these settings for scoring. MLImage values do not give their orientation, so that only the
        /// latter two apply to them. Null for those of <see cref="InitialModel"/>, or for the defaults: upright, over white, up to
        /// 2^27 pixels. Default null.
        /// </summary>
        public ImageDecoding? ImageDecoding { get; set; }

        /// <summary>
        /// Where to write a report of the training: a path that ends in <c>.html</c>, in an existing folder; the same numbers are
        /// written beside it as JSON (<see cref="TrainingReport"/>). It is measured on the validation images, or on the training
        /// images if there are none, on the CPU. If it cannot be written at the end, the log says so, and the model is returned all
        /// the same. Null for none. Default null.
        /// </summary>
        public string? ReportPath { get; set; }

        /// <summary>
        /// Whether the validation images choose a temperature by which logits are divided (<see cref="TemperatureScaling"/>), so
        /// that probabilities say how often the model is right; it becomes part of the last layer's weights, and no image changes
        /// class. If a model learns other classes by transfer, images are held out for this. Default false.
        /// </summary>
        public bool CalibrateProbabilities { get; set; }

        /// <summary>Called after each epoch, on the training thread. Default null.</summary>
        public Action<EpochSummary>? MetricsCallback { get; set; }

        /// <summary>Receives reports at most ten times a second, on the training thread, for a progress bar. Default null.</summary>
        public IProgress<TrainingProgress>? Progress { get; set; }

        /// <summary>
        /// Ends training after the step in progress; the transformer then has the best weights so far. While images are
        /// still being read, or learned from without labels, there are none, and cancelling throws an exception;
        /// <see cref="CheckpointFolder"/> keeps what was learned. Default: never.
        /// </summary>
        public CancellationToken CancellationToken { get; set; }

        /// <summary>Checks what can be checked without data.</summary>
        /// <exception cref="ArgumentException">An option has a value that is not accepted; the message names it.</exception>
        public void Validate()
        {
            Columns.ThrowUnlessNamed(LabelColumnName);
            Columns.ThrowUnlessNamed(FeatureColumnName);
            Columns.ThrowUnlessNamed(ScoreColumnName);
            Columns.ThrowUnlessNamed(PredictedLabelColumnName);
            string[] names = [LabelColumnName, FeatureColumnName, ScoreColumnName, PredictedLabelColumnName];
            if (names.Distinct(StringComparer.Ordinal).Count() < names.Length)
            {
                // A prediction that took the name of the label would hide it, and be evaluated against itself.
                throw new ArgumentException(
                    $"{nameof(LabelColumnName)}, {nameof(FeatureColumnName)}, {nameof(ScoreColumnName)} and "
                    + $"{nameof(PredictedLabelColumnName)} are '{string.Join("', '", names)}': four different names are needed.");
            }

            Transfer?.Validate();
            Guard.ThrowUnless(ValidationSetFraction is null or (> 0 and < 1), ValidationSetFraction, "a number in (0, 1), or null");
            Guard.ThrowUnless(Enum.IsDefined(Device), Device, "Auto, Cuda or Cpu");
            Guard.ThrowUnless(Enum.IsDefined(ScoringPrecision), ScoringPrecision, "Full, BFloat16 or EightBit");
            Guard.ThrowUnless(ImageCacheMemory is null or >= 0, ImageCacheMemory, "a number of at least 0, or null");
            Guard.ThrowUnless(MaxUnreadableFraction is >= 0 and < 1, MaxUnreadableFraction, "a number in [0, 1)");
            ImageDecoding?.Validate();
            ArgumentNullException.ThrowIfNull(Architecture);
            ArgumentNullException.ThrowIfNull(Recipe);
            if (ReportPath is not null)
            {
                _ = new ReportFile(ReportPath, nameof(ReportPath));
            }

            if (CalibrateProbabilities && ValidationSet is null && ValidationSetFraction is null)
            {
                throw new ArgumentException(
                    $"{nameof(CalibrateProbabilities)} needs held-out images: "
                        + $"a {nameof(ValidationSet)} or a {nameof(ValidationSetFraction)}.");
            }

            if (Resume && CheckpointFolder is null)
            {
                throw new ArgumentException($"{nameof(Resume)} needs a {nameof(CheckpointFolder)}.");
            }

            if (EarlyStoppingCriteria is not null && ValidationSet is null && ValidationSetFraction is null)
            {
                throw new ArgumentException(
                    $"{nameof(EarlyStoppingCriteria)} needs a {nameof(ValidationSet)} or a {nameof(ValidationSetFraction)}.");
            }

            if (Pretrained is not null && InitialModel is not null)
            {
                throw new ArgumentException($"{nameof(Pretrained)} and {nameof(InitialModel)} both provide initial weights: "
                    + "only one of them is accepted.");
            }

            if (PretrainedOptions is not null && Pretrained is null)
            {
                throw new ArgumentException($"{nameof(PretrainedOptions)} needs {nameof(Pretrained)}.");
            }

            if (UnlabeledSet is not null && (Pretrained is not null || InitialModel is not null))
            {
                throw new ArgumentException(
                    $"{nameof(UnlabeledSet)} cannot be combined with {nameof(Pretrained)} or {nameof(InitialModel)}, which provide weights "
                    + "that have learned already.");
            }

            if (SelfDistillation is not null && UnlabeledSet is null)
            {
                throw new ArgumentException($"{nameof(SelfDistillation)} needs an {nameof(UnlabeledSet)}.");
            }

            SelfDistillation?.Validate();
            TrainingRecipe recipe = CreateRecipe(seed: 0);
            recipe.Validate();

            // Two classes are the fewest that a label can have.
            Architecture architecture = CreateArchitecture(StartModel, classes: 2);
            if (Pretrained is null)
            {
                // Otherwise the network is not known yet.
                TokenLabels?.ThrowUnlessUsable(architecture, recipe.Augmentation);
                Distillation?.ThrowUnlessUsable(architecture, TokenLabels);
            }

            Distillation?.ThrowIfUnmeasurable(validates: ValidationSet is not null || ValidationSetFraction is not null);
        }

        /// <summary>Whether rows without a label are used for training.</summary>
        internal bool UsesUnlabeled
            => Distillation is { CountsLabels: false } && (ValidationSet is not null || ValidationSetFraction is null);

        /// <summary>The network for a number of classes.</summary>
        /// <param name="initial">The model to continue from; null for random weights.</param>
        /// <param name="classes">The classes.</param>
        /// <exception cref="ArgumentException">There is no such network, or none that images can be prepared for.</exception>
        internal Architecture CreateArchitecture(RePaViTModel? initial, int classes)
        {
            Architecture architecture = (initial?.Architecture ?? Architecture) with { Classes = classes };
            if (Converts(initial))
            {
                architecture = architecture.WithIdleChannelsOf(Idleness);
            }

            architecture.Validate();
            Guard.ThrowUnless(
                architecture.ImageSize <= Preparation.MaxImageSize,
                architecture.ImageSize,
                $"a number up to {Preparation.MaxImageSize}");
            return architecture;
        }

        /// <summary>Whether training continues from a vanilla network, which is then converted.</summary>
        internal bool Converts(RePaViTModel? initial) => initial is { Architecture.IsVanilla: true } && !Idleness.IsVanilla;

        /// <summary>The model to continue from, in its trained form where that is known; null for none.</summary>
        internal RePaViTModel? StartModel => InitialModel?.TrainedModel ?? InitialModel?.Model;

        /// <summary>The number of idle channels: that of an earlier conversion of the vanilla network, or the option.</summary>
        private Architecture Idleness => InitialModel is { Model.Architecture.IsVanilla: false } ? InitialModel.Model.Architecture : Architecture;

        /// <summary>The recipe, overridden by the options.</summary>
        internal TrainingRecipe CreateRecipe(ulong seed)
        {
            double learningRate = LearningRate ?? Recipe.LearningRate;
            int? epochs = Epoch ?? Recipe.Epochs;
            return Recipe with
            {
                BatchSize = BatchSize ?? Recipe.BatchSize,
                Epochs = epochs,
                LearningRate = learningRate,

                // The shortcuts must not contradict what the user did not touch.
                MinimumLearningRate = Math.Min(Recipe.MinimumLearningRate, learningRate),
                WarmupLearningRate = Math.Min(Recipe.WarmupLearningRate, learningRate),
                WarmupEpochs = Recipe.WarmupEpochs > epochs ? epochs : Recipe.WarmupEpochs,
                EarlyStopping = EarlyStoppingCriteria ?? Recipe.EarlyStopping,
                Seed = seed,
            };
        }
    }
}
