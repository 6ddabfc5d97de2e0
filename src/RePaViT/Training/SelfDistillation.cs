namespace RePaViT;

/// <summary>
/// Pretraining without labels (DINO, Caron et al., arXiv 2104.14294): a network, the student, learns to give for one crop of an image
/// what a moving average of it, the teacher, gives for another. The defaults suit small data sets and short runs; where the paper has other
/// numbers, they are given. <see cref="Trainer.Pretrain"/> uses it.
/// </summary>
/// <remarks>
/// With the cosines s and t of student and teacher with a number of prototypes, the center c of the teacher's, and temperatures a and b,
/// the loss of an image is the mean of <c>-softmax((t - c) / b) . log softmax(s / a)</c> over all pairs of a large crop that the teacher
/// sees and another crop that the student sees. The center is a moving average of t.
/// </remarks>
public sealed record SelfDistillation
{
    private const double Least = 1e-30;
    private const double Greatest = 1e6;
    private const double GreatestNorm = 1e30;
    private const double LeastTemperature = 1e-3;
    private const double GreatestTemperature = 10;
    private const int MostEpochs = 1_000_000;
    private const int MostChannels = 1 << 16;
    private const int MostPrototypes = 1 << 20;
    private const int MostLocalCrops = 64;

    /// <summary>How often each image is seen, at least 1; null for as many as give 20,000 optimizer steps, from 20 to 300. Default null.</summary>
    public int? Epochs { get; init; }

    /// <summary>
    /// Images that pass through the network together, each in several crops, at least 2; null as for
    /// <see cref="TrainingRecipe.BatchSize"/>. Default null.
    /// </summary>
    public int? BatchSize { get; init; }

    /// <summary>The learning rate at the end of the warm-up, from which it falls along a cosine; from 1e-30 to 1e6. Default 1e-3.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The learning rate at which the cosine ends, in [0, <see cref="LearningRate"/>]. Default 1e-6.</summary>
    public double MinimumLearningRate { get; init; } = 1e-6;

    /// <summary>
    /// Epochs in which the learning rate rises linearly from 0, up to <see cref="Epochs"/>; null for a tenth of all. Default null.
    /// </summary>
    public double? WarmupEpochs { get; init; }

    /// <summary>Weight decay of matrices and filters in the first step, from 0 to 1e6. Default 0.04.</summary>
    public double WeightDecay { get; init; } = 0.04;

    /// <summary>Weight decay at the end, to which it moves along a cosine, from 0 to 1e6. Default 0.4.</summary>
    public double FinalWeightDecay { get; init; } = 0.4;

    /// <summary>
    /// The norm over all gradients above which they are scaled down to it, from 1e-30 to 1e30; null for none. Default 3.
    /// </summary>
    public double? GradientClipNorm { get; init; } = 3;

    /// <summary>Drop path of the student, as <see cref="TrainingRecipe.DropPathRate"/>; the teacher drops nothing. Default 0.1.</summary>
    public double DropPathRate { get; init; } = 0.1;

    /// <summary>Small crops of each image that the student sees besides the two large ones, from 0 to 64. Default 4; the paper's is 8.</summary>
    public int LocalCrops { get; init; } = 4;

    /// <summary>
    /// Width and height of small crops, in pixels. Position tables are resampled for it; networks whose other tensors depend on the
    /// size of the image, like a Mixer, need its full size. Null for a size that the network accepts near 3/7 of the image's, 96 for 224,
    /// or its full size. Default null.
    /// </summary>
    public int? LocalCropSize { get; init; }

    /// <summary>Boxes of the image that become large crops. Default: from 0.4 of its area to all of it.</summary>
    public RandomResizedCrop GlobalCrop { get; init; } = new() { MinArea = 0.4 };

    /// <summary>Boxes of the image that become small crops. Default: from 0.05 to 0.4 of its area.</summary>
    public RandomResizedCrop LocalCrop { get; init; } = new() { MinArea = 0.05, MaxArea = 0.4 };

    /// <summary>
    /// Directions that outputs are compared with, from 2 to 2^20; null for a power of two, one for each 20 to 40 images, from 256
    /// to 65536, which is the paper's number. Default null.
    /// </summary>
    public int? Prototypes { get; init; }

    /// <summary>
    /// Channels of the hidden layers between features and prototypes, from 1 to 65536; null for eight times those of the features, or for
    /// 2048, the paper's number, if that is less. Default null.
    /// </summary>
    public int? HiddenDim { get; init; }

    /// <summary>
    /// Channels of a prototype, from 1 to 65536; null for those of the features, or for 256, the paper's number, if that is less. Default
    /// null.
    /// </summary>
    public int? BottleneckDim { get; init; }

    /// <summary>What the student's cosines are divided by, from 0.001 to 10. Default 0.1.</summary>
    public double StudentTemperature { get; init; } = 0.1;

    /// <summary>
    /// What the teacher's centered cosines are divided by after the warm-up, from 0.001 to 10: the lower, the sharper. With
    /// the paper's 0.07, networks that learn from few images may end up giving the same for all of them. Default 0.04.
    /// </summary>
    public double TeacherTemperature { get; init; } = 0.04;

    /// <summary>The same in the first epoch, from which it moves linearly. Default 0.04.</summary>
    public double WarmupTeacherTemperature { get; init; } = 0.04;

    /// <summary>Epochs until <see cref="TeacherTemperature"/> is reached, up to <see cref="Epochs"/>; null for three tenths of all. Default null.</summary>
    public double? TeacherWarmupEpochs { get; init; }

    /// <summary>
    /// What the teacher keeps of itself in the first step, in [0, 1); it rises to 1 along a cosine. Default 0.99; the paper's is
    /// 0.996, for more steps.
    /// </summary>
    public double TeacherMomentum { get; init; } = 0.99;

    /// <summary>What the center keeps of itself with each batch, in [0, 1). Default 0.9.</summary>
    public double CenterMomentum { get; init; } = 0.9;

    /// <summary>Epochs in which the prototypes stay as they are, at least 0. Default 1.</summary>
    public int FrozenEpochs { get; init; } = 1;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        Guard.ThrowUnless(Epochs is null or (>= 1 and <= MostEpochs), Epochs, $"a number from 1 to {MostEpochs}, or null");
        Guard.ThrowUnless(BatchSize is null or (>= 2 and <= 1 << 20), BatchSize, "a number from 2 to 1048576, or null");
        Guard.ThrowUnless(LearningRate is >= Least and <= Greatest, LearningRate, $"a number from {Least} to {Greatest}");
        Guard.ThrowUnless(
            MinimumLearningRate >= 0 && MinimumLearningRate <= LearningRate,
            MinimumLearningRate,
            $"a number from 0 to the learning rate, {LearningRate}");
        ThrowUnlessEpochs(WarmupEpochs, nameof(WarmupEpochs));
        Guard.ThrowUnless(WeightDecay is >= 0 and <= Greatest, WeightDecay, $"a number from 0 to {Greatest}");
        Guard.ThrowUnless(FinalWeightDecay is >= 0 and <= Greatest, FinalWeightDecay, $"a number from 0 to {Greatest}");
        Guard.ThrowUnless(
            GradientClipNorm is null or (>= Least and <= GreatestNorm), GradientClipNorm, $"a number from {Least} to {GreatestNorm}, or null");
        ThrowUnlessShare(DropPathRate, nameof(DropPathRate));
        Guard.ThrowUnless(LocalCrops is >= 0 and <= MostLocalCrops, LocalCrops, $"a number from 0 to {MostLocalCrops}");
        Guard.ThrowUnless(LocalCropSize is null or >= 1, LocalCropSize, "a number of at least 1, or null");
        ArgumentNullException.ThrowIfNull(GlobalCrop);
        ArgumentNullException.ThrowIfNull(LocalCrop);
        GlobalCrop.Validate();
        LocalCrop.Validate();
        Guard.ThrowUnless(Prototypes is null or (>= 2 and <= MostPrototypes), Prototypes, $"a number from 2 to {MostPrototypes}, or null");
        Guard.ThrowUnless(HiddenDim is null or (>= 1 and <= MostChannels), HiddenDim, $"a number from 1 to {MostChannels}, or null");
        Guard.ThrowUnless(BottleneckDim is null or (>= 1 and <= MostChannels), BottleneckDim, $"a number from 1 to {MostChannels}, or null");
        ThrowUnlessTemperature(StudentTemperature, nameof(StudentTemperature));
        ThrowUnlessTemperature(TeacherTemperature, nameof(TeacherTemperature));
        ThrowUnlessTemperature(WarmupTeacherTemperature, nameof(WarmupTeacherTemperature));
        ThrowUnlessEpochs(TeacherWarmupEpochs, nameof(TeacherWarmupEpochs));
        ThrowUnlessShare(TeacherMomentum, nameof(TeacherMomentum));
        ThrowUnlessShare(CenterMomentum, nameof(CenterMomentum));
        Guard.ThrowUnless(FrozenEpochs >= 0, FrozenEpochs, "a number of at least 0");
    }

    private void ThrowUnlessEpochs(double? epochs, string name) => Guard.ThrowUnless(
        epochs is null || (epochs >= 0 && epochs <= (Epochs ?? MostEpochs)), epochs, $"a number from 0 to all {Epochs ?? MostEpochs} epochs, or null", name);

    private static void ThrowUnlessShare(double share, string name)
        => Guard.ThrowUnless(share >= 0 && (float)share < 1, share, "a number in [0, 1) that does not round to 1 in 32 bits", name);

    private static void ThrowUnlessTemperature(double temperature, string name) => Guard.ThrowUnless(
        temperature is >= LeastTemperature and <= GreatestTemperature, temperature, $"a number from {LeastTemperature} to {GreatestTemperature}", name);
}
