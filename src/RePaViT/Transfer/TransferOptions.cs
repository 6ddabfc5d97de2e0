using RePaViT.Threading;

namespace RePaViT;

/// <summary>How <see cref="TransferLearning"/> learns. The defaults suit most data sets.</summary>
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

    /// <summary>The method to use. Default: what suits the number of images.</summary>
    public TransferMethod Method { get; init; }

    /// <summary>
    /// Rows of features for each image, from 1 to 64: the first from the unchanged image, the others augmented as
    /// <see cref="Augmentation"/> says. Null for 8, or fewer if there are over 500 images, but at least 2. Default null.
    /// </summary>
    public int? Views { get; init; }

    /// <summary>
    /// How images are augmented for the further rows; mixing and repeats are ignored. Default: random crops of at least half of the
    /// area, mirrored with a probability of 0.5.
    /// </summary>
    public AugmentationOptions Augmentation { get; init; } = TrainingRecipe.FineTune.Augmentation;

    /// <summary>
    /// The penalty of the linear classifier: half of it times the squared weights, for features of deviation 1, is added to the mean
    /// loss; from 1e-9 to 1e6. Null to choose it by cross-validation from 10 to 1e-4. Default null.
    /// </summary>
    public double? Penalty { get; init; }

    /// <summary>
    /// Whether all classes have the same weight in the linear classifier, however many images they have. Null for yes if the
    /// largest class has more than twice as many images as the smallest. Default null.
    /// </summary>
    public bool? BalanceClasses { get; init; }

    /// <summary>
    /// How the network is fine-tuned, starting with the linear classifier as its head; null for <see cref="TrainingRecipe.FineTune"/>
    /// with layer decay, early stopping and epochs derived from the number of images. Its seed is <see cref="Seed"/>, and its
    /// <see cref="TrainingRecipe.ChannelIdleMethod"/> is ignored. Default null.
    /// </summary>
    public TrainingRecipe? Recipe { get; init; }

    /// <summary>
    /// An existing folder for intermediate results: computed features, and the state of fine-tuning. The next call with the same
    /// model, data and options continues from there; results of other calls are replaced. Null for none. Default null.
    /// </summary>
    public string? CheckpointFolder { get; init; }

    /// <summary>The largest number of threads to compute with, from 1 to 1024; null for one per core. Default null.</summary>
    public int? Threads { get; init; }

    /// <summary>The seed of all random choices. Default 0.</summary>
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

    /// <summary>The number of rows for each image.</summary>
    internal int ViewsOf(int images) => Views ?? Math.Clamp(RowsEnough / images, FewestViews, MostViews);

    /// <summary>Whether classes have the same weight.</summary>
    /// <param name="counts">Images of each class.</param>
    internal bool IsBalanced(IEnumerable<int> counts)
    {
        int[] present = [.. counts.Where(count => count > 0)];
        return BalanceClasses ?? present.Max() > GreatestImbalance * present.Min();
    }
}
