using System.Text.Json.Serialization;

namespace RePaViT;

/// <summary>
/// Everything besides the data and the architecture that decides the result of training. The defaults suit small data
/// sets: <see cref="Epochs"/> and <see cref="BatchSize"/> are derived from the number of training images, so that even a
/// few images give enough steps. <see cref="Paper"/> gives the recipe of the paper.
/// </summary>
public sealed record TrainingRecipe
{
    // Between Base, 87 million, and Large, 304 million.
    private const long LargeParameters = 200_000_000;

    // Engines compute in 32-bit floats, of which the least is about 1e-38 and the greatest about 3e38. Numbers within these
    // limits can be multiplied by whatever else a step multiplies them with.
    private const double Least = 1e-30;
    private const double Greatest = 1e6;
    private const int MostEpochs = 1_000_000;
    private const double GreatestNorm = 1e30;
    private const string BelowOne = "a number in [0, 1) that does not round to 1 in 32 bits";

    /// <summary>
    /// RePaViT, appendix A, table 7: for ImageNet-1k from random weights. Large and Huge, and any other network with 200 million parameters
    /// or more, learn at 1e-3 with a drop path rate of 0.3, all others at 4e-3 with 0.1. The batch of 4096 is 64 accumulated batches of 64;
    /// what the table leaves open (<see cref="Epsilon"/> 1e-8, for example) is as in the reference implementation's main.py. Channels are
    /// idle from the first step.
    /// </summary>
    /// <param name="architecture">The network to train.</param>
    public static TrainingRecipe Paper(Architecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        bool isLarge = architecture.Cost(NetworkForm.Trained).Parameters >= LargeParameters;
        return new()
        {
            Epochs = 300,
            BatchSize = 64,
            GradientAccumulation = 64,
            Optimizer = OptimizerKind.Lamb,
            LearningRate = isLarge ? 1e-3 : 4e-3,
            MinimumLearningRate = 5e-5,
            WarmupLearningRate = 1e-6,
            WarmupEpochs = 20,
            DropPathRate = isLarge ? 0.3 : 0.1,
            EmaDecay = 0.99996,
            Augmentation = AugmentationOptions.DeiT,
            ChannelIdleMethod = ChannelIdleMethod.Train,
        };
    }

    /// <summary>
    /// For continuing from a trained model (<see cref="Trainer.InitialModel"/>), even on a few hundred images: fewer
    /// epochs of small steps, and only mild augmentation.
    /// </summary>
    public static TrainingRecipe FineTune { get; } = new()
    {
        Epochs = 20,
        BatchSize = 32,
        LearningRate = 3e-4,
        MinimumLearningRate = 1e-6,
        Augmentation = new AugmentationOptions { ResizedCrop = new() { MinArea = 0.5 } },
    };

    /// <summary>
    /// How often each training image is seen, at least 1; null for as many as give 2000 optimizer steps, from 30 to 300.
    /// Default null.
    /// </summary>
    public int? Epochs { get; init; }

    /// <summary>
    /// Images that pass through the network together, at least 2; null for the square root of the number of training images, from 16
    /// to 64, or for all if there are fewer. Default null.
    /// </summary>
    public int? BatchSize { get; init; }

    /// <summary>Batches whose gradients are averaged for one step of the optimizer, at least 1. Default 1.</summary>
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>The rule by which gradients move weights. Default: AdamW.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>The learning rate at the end of the warm-up, from which it falls along a cosine; from 1e-30 to 1e6. Default 1e-3.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The learning rate at which the cosine ends, in [0, <see cref="LearningRate"/>]. Default 1e-5.</summary>
    public double MinimumLearningRate { get; init; } = 1e-5;

    /// <summary>The learning rate at which the warm-up begins, in [0, <see cref="LearningRate"/>]. Default 1e-6.</summary>
    public double WarmupLearningRate { get; init; } = 1e-6;

    /// <summary>
    /// Epochs of linearly rising learning rate, from 1e-30 to <see cref="Epochs"/>; 0 for none, null for one, or for a
    /// twentieth of all if that is less. Default null.
    /// </summary>
    public double? WarmupEpochs { get; init; }

    /// <summary>
    /// Weight decay of matrices and filters, from 0 to 1e6; biases, normalization, tokens and positions never decay. Default
    /// 0.05.
    /// </summary>
    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Decay of the gradients' moving mean, in [0, 1). Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the gradients' moving mean square, in [0, 1). Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the mean square, from 1e-30 to 1e6. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// The norm over all gradients above which they are scaled down to it, from 1e-30 to 1e30; null for none. Default 1.
    /// </summary>
    public double? GradientClipNorm { get; init; } = 1;

    /// <summary>
    /// Probability with which the last block's residual branches are skipped, in [0, 1); earlier blocks' rise to it
    /// linearly from 0. All blocks of an MLP-Mixer have this rate. Default 0.1.
    /// </summary>
    public double DropPathRate { get; init; } = 0.1;

    /// <summary>Probability that is taken from the target class and distributed over all classes, in [0, 1). Default 0.1.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>How training images are augmented at random. Default: crops and flips.</summary>
    public AugmentationOptions Augmentation { get; init; } = new();

    /// <summary>
    /// Decay of the moving average of the weights, which is validated and deployed, in [0, 1); null to use the weights
    /// themselves. After step s the decay is min(decay, (1 + s) / (10 + s)), so that a short run's average does not
    /// consist of its first steps. Default 0.998.
    /// </summary>
    public double? EmaDecay { get; init; } = 0.998;

    /// <summary>When to end before the last epoch; needs validation. Null for never. Default null.</summary>
    [JsonPropertyName("earlyStoppingPatience")]
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>
    /// The factor by which the learning rate of a tensor is multiplied for each block between it and the head, in (0, 1]: for
    /// continuing from a trained model, whose first blocks suit other images too (BEiT, arXiv 2106.08254, appendix; timm's layer
    /// decay). The last block learns at this share of the rate; what comes before the first block, at this share to the power of
    /// the number of blocks plus one. Null for the same rate everywhere. Default null.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double? LayerDecay { get; init; }

    /// <summary>
    /// How many of the last blocks learn, with everything after them; what comes before stays bit for bit as it is, with its
    /// batch statistics, and is computed in deployed form, which is faster. From 0 to the number of blocks; null for all
    /// blocks and what comes before them. Default null.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int? TrainedBlocks { get; init; }

    /// <summary>
    /// How channels become idle, if the architecture has idle channels. Default: starting from random weights, the vanilla network
    /// is trained and then converted, which was better on average on every data set measured; <see cref="Paper"/> trains with idle
    /// channels.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ChannelIdleMethod ChannelIdleMethod { get; init; }

    /// <summary>The seed of all random choices. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks every property against the others.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        Guard.ThrowUnless(Epochs is null or (>= 1 and <= MostEpochs), Epochs, $"a number from 1 to {MostEpochs}, or null");
        Guard.ThrowUnless(BatchSize is null or (>= 2 and <= 1 << 20), BatchSize, "a number from 2 to 1048576, or null");
        Guard.ThrowUnless(GradientAccumulation is >= 1 and <= 1 << 20, GradientAccumulation, "a number from 1 to 1048576");
        Guard.ThrowUnless(Enum.IsDefined(Optimizer), Optimizer, "AdamW or Lamb");
        Guard.ThrowUnless(LearningRate is >= Least and <= Greatest, LearningRate, $"a number from {Least} to {Greatest}");
        Guard.ThrowUnless(
            MinimumLearningRate >= 0 && MinimumLearningRate <= LearningRate,
            MinimumLearningRate,
            $"a number from 0 to the learning rate, {LearningRate}");
        Guard.ThrowUnless(
            WarmupLearningRate >= 0 && WarmupLearningRate <= LearningRate,
            WarmupLearningRate,
            $"a number from 0 to the learning rate, {LearningRate}");
        Guard.ThrowUnless(
            WarmupEpochs is null or 0 || (WarmupEpochs >= Least && WarmupEpochs <= (Epochs ?? MostEpochs)),
            WarmupEpochs,
            $"0, null, or a number from {Least} to all {Epochs ?? MostEpochs} epochs");
        Guard.ThrowUnless(WeightDecay is >= 0 and <= Greatest, WeightDecay, $"a number from 0 to {Greatest}");
        Guard.ThrowUnless(IsBelowOne(Beta1), Beta1, BelowOne);
        Guard.ThrowUnless(IsBelowOne(Beta2), Beta2, BelowOne);
        Guard.ThrowUnless(Epsilon is >= Least and <= Greatest, Epsilon, $"a number from {Least} to {Greatest}");
        Guard.ThrowUnless(
            GradientClipNorm is null or (>= Least and <= GreatestNorm), GradientClipNorm, $"a number from {Least} to {GreatestNorm}, or null");
        Guard.ThrowUnless(IsBelowOne(DropPathRate), DropPathRate, BelowOne);
        Guard.ThrowUnless(IsBelowOne(LabelSmoothing), LabelSmoothing, BelowOne);
        ArgumentNullException.ThrowIfNull(Augmentation);
        Augmentation.Validate();
        Guard.ThrowUnless(IsBelowOne(EmaDecay ?? 0), EmaDecay, $"{BelowOne}, or null");
        Guard.ThrowUnless(LayerDecay is null or (>= Least and <= 1), LayerDecay, $"a number from {Least} to 1, or null");
        Guard.ThrowUnless(Enum.IsDefined(ChannelIdleMethod), ChannelIdleMethod, "Auto, Train or Convert");
        Guard.ThrowUnless(TrainedBlocks is null or >= 0, TrainedBlocks, "a number of at least 0, or null");
    }

    private static bool IsBelowOne(double value) => value >= 0 && (float)value < 1;
}
