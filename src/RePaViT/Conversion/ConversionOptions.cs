using System.Runtime.CompilerServices;
using RePaViT.Networks;
using RePaViT.Threading;

namespace RePaViT;

/// <summary>
/// How a vanilla network becomes channel-idle without training: how many hidden channels stay active, and in which form. At most
/// one of <see cref="IdleRatio"/>, <see cref="MultiplyAdds"/>, <see cref="MultiplyAddsShare"/>, <see cref="MinimumAgreement"/> and
/// <see cref="MinimumCosine"/> may be set.
/// </summary>
public sealed record ConversionOptions
{
    /// <summary>One of these is held out.</summary>
    internal const int MinImages = 5;

    private const double DefaultIdleRatio = 0.75;

    /// <summary>Share of idle hidden channels (theta) in every block, in [0, 1]; null if another property decides. Default: 0.75.</summary>
    public double? IdleRatio { get; init; }

    /// <summary>
    /// The largest number of multiply-adds per image (<see cref="NetworkCost.MultiplyAdds"/>). Blocks that lose less get fewer
    /// active channels. Default null.
    /// </summary>
    public long? MultiplyAdds { get; init; }

    /// <summary>The same as a share of what an image costs now, in (0, 1]. Default null.</summary>
    public double? MultiplyAddsShare { get; init; }

    /// <summary>
    /// Chooses the largest idle ratio, in steps of 0.05, at which at least this share of the held-out images, in [0, 1], keep
    /// the class that the original gives them: <see cref="ConversionReport.HeldOutAgreement"/>. The network is converted about
    /// four times for this. Not accepted for a network with an embedding and only one class, such as
    /// <see cref="ClipModel.ImageTower"/>: <see cref="MinimumCosine"/> is meant for it. Default null.
    /// </summary>
    public double? MinimumAgreement { get; init; }

    /// <summary>
    /// Chooses the largest idle ratio, in steps of 0.05, at which the embeddings of held-out images have at least this mean cosine with
    /// the original's, in [-1, 1]: <see cref="ConversionReport.HeldOutCosine"/>. The network is converted about four times for this. Only
    /// for networks with the output <c>embedding</c>. Default null.
    /// </summary>
    public double? MinimumCosine { get; init; }

    /// <summary>
    /// Whether layer normalization is kept, in the form in which <see cref="FeedForwardNorm.LayerNorm"/> is deployed. Without it,
    /// the form is the paper's (<see cref="FeedForwardNorm.BatchNorm"/>): slightly faster, and less faithful to the original.
    /// Default true.
    /// </summary>
    public bool KeepNormalization { get; init; } = true;

    /// <summary>The largest number of images to use, at least 5; they are drawn at random, but always the same ones. Default 512.</summary>
    public int Images { get; init; } = 512;

    /// <summary>Threads that share the work; null for one per processor. The result does not depend on it. Default null.</summary>
    public int? Threads { get; init; }

    /// <summary>The requested ratio; null if another property decides.</summary>
    internal double? ChosenIdleRatio
        => MultiplyAdds is null && MultiplyAddsShare is null && MinimumAgreement is null && MinimumCosine is null
            ? IdleRatio ?? DefaultIdleRatio
            : null;

    /// <exception cref="ArgumentException">A property has a value that is not accepted, or more than one decides how many channels stay.</exception>
    internal void Validate()
    {
        string[] given =
        [
            .. Given(IdleRatio), .. Given(MultiplyAdds), .. Given(MultiplyAddsShare), .. Given(MinimumAgreement), .. Given(MinimumCosine),
        ];
        if (given.Length > 1)
        {
            throw new ArgumentException($"{string.Join(" and ", given)} are given, but only one can decide how many channels stay active.");
        }

        Guard.ThrowUnless(IdleRatio is null or (>= 0 and <= 1), IdleRatio, "a share in [0, 1]");
        Guard.ThrowUnless(MultiplyAdds is null or > 0, MultiplyAdds, "a number above 0");
        Guard.ThrowUnless(MultiplyAddsShare is null or (> 0 and <= 1), MultiplyAddsShare, "a share in (0, 1]");
        Guard.ThrowUnless(MinimumAgreement is null or (>= 0 and <= 1), MinimumAgreement, "a share in [0, 1]");
        Guard.ThrowUnless(MinimumCosine is null or (>= -1 and <= 1), MinimumCosine, "a cosine in [-1, 1]");
        Guard.ThrowUnless(Images >= MinImages, Images, $"a number of at least {MinImages}");
        Guard.ThrowUnless(Threads is null or (>= 1 and <= ThreadTeam.MaxSize), Threads, $"a number in [1, {ThreadTeam.MaxSize}]");
    }

    /// <summary>Checks that what decides can be measured on a model.</summary>
    /// <exception cref="ArgumentException">It cannot.</exception>
    internal void ThrowUnlessMeasurable(RePaViTModel model)
    {
        bool hasEmbedding = model.Outputs.Contains(NetworkLayout.Embedding);
        if (MinimumCosine is not null && !hasEmbedding)
        {
            throw new ArgumentException(
                $"{nameof(MinimumCosine)} needs a network with the output '{NetworkLayout.Embedding}', but this one has "
                + $"{string.Join(", ", model.Outputs)}.");
        }

        if (MinimumAgreement is not null && hasEmbedding && model.Architecture.Classes == 1)
        {
            throw new ArgumentException(
                $"{nameof(MinimumAgreement)} means nothing for a network with one class: {nameof(MinimumCosine)} is needed, "
                + "which compares embeddings.");
        }
    }

    /// <exception cref="ArgumentException">There are too few images.</exception>
    internal static void ThrowUnlessEnough(int images)
    {
        if (images < MinImages)
        {
            throw new ArgumentException(
                $"{images} calibration images are not accepted: at least {MinImages} are needed, and a few hundred are better.");
        }
    }

    private static string[] Given<T>(T? value, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : struct
        => value is null ? [] : [name];
}
