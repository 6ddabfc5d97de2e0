using System.Numerics;

namespace RePaViT.Training.Pretraining;

/// <summary>The numbers that <see cref="SelfDistillation"/> leaves to the images and the network.</summary>
internal static class SelfDistillationDefaults
{
    private const int Steps = 20_000;
    private const int FewestEpochs = 20;
    private const int MostEpochs = 300;
    private const double WarmupShare = 0.1;
    private const double TeacherWarmupShare = 0.3;
    private const int ImagesPerPrototype = 20;
    private const int FewestPrototypes = 256;
    private const int MostPrototypes = 65536;
    private const int HiddenFactor = 8;
    private const int MostHidden = 2048;
    private const int MostBottleneck = 256;
    private const double LocalShare = 3.0 / 7;

    /// <summary>The options with a number in each place that they leave open. What they say stays.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="architecture">The network.</param>
    /// <param name="images">Number of images, at least 1.</param>
    /// <param name="accumulation">Batches of a step.</param>
    /// <exception cref="ArgumentException">The network does not accept the size of small crops.</exception>
    public static SelfDistillation Complete(this SelfDistillation options, Architecture architecture, int images, int accumulation)
    {
        int batchSize = options.BatchSize ?? RecipeDefaults.ChooseBatchSize(images);
        int steps = RunDescription.StepsOf(Math.Max(images / batchSize, 1), accumulation);
        int epochs = options.Epochs ?? Math.Clamp((int)Math.Ceiling((double)Steps / steps), FewestEpochs, MostEpochs);
        int dim = CropNetworks.FeaturesOf(architecture);
        return options with
        {
            BatchSize = batchSize,
            Epochs = epochs,
            WarmupEpochs = options.WarmupEpochs ?? WarmupShare * epochs,
            TeacherWarmupEpochs = options.TeacherWarmupEpochs ?? TeacherWarmupShare * epochs,
            Prototypes = options.Prototypes ?? ChoosePrototypes(images),
            HiddenDim = options.HiddenDim ?? Math.Min(HiddenFactor * dim, MostHidden),
            BottleneckDim = options.BottleneckDim ?? Math.Min(dim, MostBottleneck),
            LocalCropSize = options.LocalCropSize ?? ChooseLocalCropSize(architecture),
        };
    }

    private static int ChoosePrototypes(int images) => Math.Clamp(
        (int)BitOperations.RoundUpToPowerOf2((uint)(images / ImagesPerPrototype + 1)) / 2, FewestPrototypes, MostPrototypes);

    /// <summary>The size nearest to the wanted share for which the network has the same tensors, apart from positions.</summary>
    private static int ChooseLocalCropSize(Architecture architecture)
    {
        double wanted = LocalShare * architecture.ImageSize;
        return Enumerable.Range(1, architecture.ImageSize - 1)
            .OrderBy(size => Math.Abs(size - wanted))
            .FirstOrDefault(size => CropNetworks.FindProblem(architecture, size) is null, architecture.ImageSize);
    }
}
