using RePaViT.Randomness;
using RePaViT.Threading;

namespace RePaViT.Transfer;

/// <summary>Chooses the penalty of a linear classifier by cross-validation: the one with the least loss on held-out images.</summary>
internal static class PenaltySearch
{
    private const int Folds = 5;

    // Of so many images one fold is enough, and all five take long.
    private const int ManyImages = 5000;

    // Enough to tell penalties apart.
    private const double Tolerance = 1e-3;

    // Where no image can be held out: what suits a few images of a few classes.
    private const double Usual = 0.1;

    // Half a power of ten each, from almost no learning to almost no penalty.
    private static readonly double[] Penalties = [.. Enumerable.Range(-2, 11).Select(i => Math.Pow(10, -i / 2.0))];

    /// <param name="features">The images.</param>
    /// <param name="isBalanced">As for <see cref="LinearClassifier.Fit"/>.</param>
    /// <param name="seed">What the folds are drawn from.</param>
    /// <param name="team">Shares the work.</param>
    /// <param name="progress">Called with the share that is done, from 0 to 1.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The penalty, and how classifiers with it do on images that they were not fitted to; null where there are none.</returns>
    public static (double Penalty, Evaluation? HeldOut) Run(
        FeatureSet features, bool isBalanced, ulong seed, ThreadTeam team, Action<double> progress, CancellationToken cancellationToken)
    {
        int[] folds = DrawFolds(features, seed);
        int used = features.Count > ManyImages ? 1 : Folds;
        var sums = new (double Correct, double Loss)[Penalties.Length];
        int images = 0;
        for (int fold = 0; fold < used; fold++)
        {
            int[] heldOut = [.. Enumerable.Range(0, folds.Length).Where(i => folds[i] == fold)];
            if (heldOut.Length == 0)
            {
                continue;
            }

            images += heldOut.Length;
            FeatureSet rest = features.Take([.. Enumerable.Range(0, folds.Length).Where(i => folds[i] != fold)]);
            FeatureSet tested = features.Take(heldOut);
            IEnumerable<LinearClassifier> path = LinearClassifier.FitPath(rest, Penalties, isBalanced, Tolerance, team, cancellationToken);
            foreach ((int i, LinearClassifier classifier) in path.Index())
            {
                Evaluation evaluation = classifier.Evaluate(tested);
                sums[i].Correct += evaluation.Accuracy * heldOut.Length;
                sums[i].Loss += evaluation.Loss * heldOut.Length;
                progress((fold + (i + 1.0) / Penalties.Length) / used);
            }
        }

        if (images == 0)
        {
            return (Usual, null);
        }

        (double correct, double loss) = sums.MinBy(sum => sum.Loss);
        int best = Array.FindIndex(sums, sum => sum.Loss == loss);
        return (Penalties[best], new Evaluation(correct / images, loss / images, images));
    }

    /// <summary>The fold of each image, class by class; -1 for the only image of a class, which is never held out.</summary>
    private static int[] DrawFolds(FeatureSet features, ulong seed)
    {
        int[] counts = features.CountLabels();
        int[] folds = new int[features.Count];
        int next = 0;
        int[] order = new RandomStream(seed, RandomPurpose.Split).NextPermutation(features.Count);
        foreach (int image in order.OrderBy(image => features.Labels[image]))
        {
            folds[image] = counts[features.Labels[image]] == 1 ? -1 : next++ % Folds;
        }

        return folds;
    }
}
