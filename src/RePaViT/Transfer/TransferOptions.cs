using RePaViT.Threading;

namespace RePaViT;

/// <summary>How <see cref="TransferLearning"/> goes about it. The defaults suit most data sets.</summary>
public sealed record TransferOptions
{
    private const int MaxViews = 64;
    private const int RowsEnough = 4000;
    private const int FewestViews = 2;
    private const int MostViews = 8;
    private const double LeastPenalty = 1e-9;
    private const double GreatestPenalty = 1e6;

    // From here on, the rare class loses more than chance.
    private const int GreatestImbalance = 2;

    /// <summary>What is tried. Default: what suits the number of images.</summary>
    public TransferMethod Method { get; init; }

    /// <summary>
    /// Rows of features of each image, from 1 to 64: the first of the image as it is, the others changed as
    /// <see cref="Augmentation"/> says. Null for 8, or fewer where there are over 500 images, but at least 2. Default null.
    /// </summary>
    public int? Views { get; init; }

    /// <summary>
    /// How the further rows' images are changed; mixing and repeats play no part. Default: random crops of at least half of the area,
    /// mirrored with a probability of 0.5.
    /// </summary>
    public AugmentationOptions Augmentation { get; init; } = TrainingRecipe.FineTune.Augmentation;

    /// <summary>
    /// The penalty of the linear classifier, half of which is multiplied with the squared weights of features of deviation 1, beside a
    /// mean loss; from 1e-9 to 1e6. Null to choose it by cross-validation from 10 to 1e-4. Default null.
    /// </summary>
    public double? Penalty { get; init; }

    /// <summary>
    /// Whether all classes count the same for the linear classifier, however many images they have. Null for yes where the largest
    /// class has over twice as many images as the smallest. Default null.
    /// </summary>
    public bool? BalanceClasses { get; init; }

    /// <summary>
    /// How the network is fine-tuned, from the linear classifier's head on; null for <see cref="TrainingRecipe.FineTune"/> with layer
    /// decay, early stopping and epochs that follow from the number of images. Its seed is <see cref="Seed"/>, and its
    /// <see cref="TrainingRecipe.ChannelIdleMethod"/> plays no part. Default null.
    /// </summary>
    public TrainingRecipe? Recipe { get; init; }

    /// <summary>
    /// A folder that exists, for what is known so far: computed features, and the state of fine-tuning. The next call with the same
    /// model, data and options continues from there; what is there of others is replaced. Null for none. Default null.
    /// </summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>Most threads to compute with, from 1 to 1024; null for one on every core. Default null.</summary>
    public int? Threads { get; init; }

    /// <summary>What all random choices follow from. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        Guard.ThrowUnless(Enum.IsDefined(Method), Method, "Auto, Linear or FineTune");
        Guard.ThrowUnless(Views is null or (>= 1 and <= MaxViews), Views, $"a number from 1 to {MaxViews}, or null,");
        Guard.ThrowUnless(
            Penalty is null or (>= LeastPenalty and <= GreatestPenalty), Penalty, $"a number from {LeastPenalty} to {GreatestPenalty}, or null,");
        ArgumentNullException.ThrowIfNull(Augmentation);
        Augmentation.Validate();
        Recipe?.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(Threads ?? 1, 1, nameof(Threads));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Threads ?? 1, ThreadTeam.MaxSize, nameof(Threads));
        if (CheckpointFolder is not null && !Directory.Exists(CheckpointFolder))
        {
            throw new ArgumentException($"{nameof(CheckpointFolder)} '{CheckpointFolder}' is not accepted: a folder that exists is needed.");
        }
    }

    /// <summary>Rows for each of some images.</summary>
    internal int ViewsOf(int images) => Views ?? Math.Clamp(RowsEnough / images, FewestViews, MostViews);

    /// <summary>Whether classes are to count the same.</summary>
    /// <param name="counts">Images of each class.</param>
    internal bool IsBalanced(IEnumerable<int> counts)
    {
        int[] present = [.. counts.Where(count => count > 0)];
        return BalanceClasses ?? present.Max() > GreatestImbalance * present.Min();
    }
}
