namespace RePaViT.QuickStart;

/// <summary>
/// What is learned, by which network, by which recipe. Everything worth tuning stands in this file.
/// </summary>
internal sealed record LearningTask(
    string Name,
    IImageDataset Training,
    IImageDataset Validation,
    IImageDataset Test,
    Architecture Architecture,
    TrainingRecipe Recipe)
{
    /// <summary>Names the random choices of the sample: the images it draws and those it holds out.</summary>
    private const ulong Seed = 1;

    /// <summary>Share of the training images that choose the best epoch.</summary>
    private const double ValidationShare = 0.1;

    private const int ShapesSize = 32;
    private const int ShapesForTraining = 12000;
    private const int ShapesForTest = 2000;

    /// <summary>The sample's own network; a preset replaces its width, depth and heads.</summary>
    private static Architecture SmallNetwork { get; } = new ViTArchitecture { Dim = 96, Depth = 4, Heads = 3 };

    private static TrainingRecipe ShapesRecipe { get; } = new()
    {
        Epochs = 12,
        BatchSize = 50,
        LearningRate = 3e-3,
        WarmupEpochs = 2,
        DropPathRate = 0,
        LabelSmoothing = 0.05,
        EmaDecay = 0.99,
        Augmentation = AugmentationOptions.None with { HorizontalFlip = 0.5 },
    };

    private static TrainingRecipe CifarRecipe { get; } = new()
    {
        Epochs = 30,
        Augmentation = AugmentationOptions.None with { CropPadding = 4, HorizontalFlip = 0.5 },
    };

    /// <summary>Digits and letters have a left and a right.</summary>
    private static TrainingRecipe IdxRecipe { get; } = new()
    {
        Epochs = 5,
        Augmentation = AugmentationOptions.None with { CropPadding = 2 },
    };

    public static LearningTask Create(Settings settings)
    {
        (string name, IImageDataset training, IImageDataset test, int patchSize, TrainingRecipe recipe) = settings switch
        {
            { Cifar10: { } directory } => (
                "CIFAR-10",
                CifarDataset.ReadCifar10(directory.FullName, DatasetPart.Train),
                CifarDataset.ReadCifar10(directory.FullName, DatasetPart.Test),
                4,
                CifarRecipe),
            { Idx: { } directory } => (
                "IDX images",
                IdxDataset.Read(directory.FullName, DatasetPart.Train),
                (IImageDataset)IdxDataset.Read(directory.FullName, DatasetPart.Test),
                4,
                IdxRecipe),
            _ => (
                "Generated shapes",
                ShapesDataset.Create(ShapesForTraining, ShapesSize, Seed),
                ShapesDataset.Create(ShapesForTest, ShapesSize, Seed + 1),
                8,
                ShapesRecipe),
        };
        (IImageDataset rest, IImageDataset validation) = training.Split(ValidationShare, Seed);
        Architecture architecture = Fit(settings.Preset ?? SmallNetwork, patchSize, training);
        architecture = architecture with { IdleRatio = settings.IdleRatio ?? architecture.IdleRatio };
        if (settings.Epochs is int epochs)
        {
            recipe = recipe with { Epochs = epochs, WarmupEpochs = recipe.WarmupEpochs > epochs ? epochs : recipe.WarmupEpochs };
        }

        return new LearningTask(name, rest, validation, test, architecture, recipe);
    }

    /// <summary>The network for the images: their classes, and their size in whole patches.</summary>
    private static Architecture Fit(Architecture network, int patchSize, IImageDataset images)
    {
        RgbImage first = images.GetImage(0);
        int size = Math.Max(first.Width, first.Height);
        Architecture patched = network switch
        {
            ViTArchitecture vit => vit with { PatchSize = patchSize },
            MixerArchitecture mixer => mixer with { PatchSize = patchSize },
            LVViTArchitecture lvvit => lvvit with { PatchSize = patchSize },
            _ => network,
        };
        return patched with
        {
            ImageSize = (size + patchSize - 1) / patchSize * patchSize,
            Classes = images.ClassNames.Count,
        };
    }
}
