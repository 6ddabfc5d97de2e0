using RePaViT.Threading;
using RePaViT.Transfer;

namespace RePaViT.Tests.Transfer;

/// <summary>The linear classifier's objective against plain code, and its optimum against what is known of it.</summary>
[TestClass]
public sealed class LogisticRegressionTests
{
    /// <summary>Central differences of step 1e-5 lose 1e-10 to their step and as much to roundings; probabilities are floats.</summary>
    private const double DifferenceTolerance = 1e-7;

    /// <summary>The solver ends where the gradient is below 1e-7; weights become floats, of 1e-7 relative.</summary>
    private const double OptimumTolerance = 1e-6;

    private static readonly ThreadTeam Team = ThreadTeam.Get(2);

    [TestMethod]
    public void Gradient_and_second_derivatives_are_those_of_the_objective()
    {
        FeatureSet features = Noise(images: 37, views: 2, dim: 5, classes: 3);
        LogisticObjective objective = Objective(features, penalty: 0.3);
        double[] at = Values(objective.Length, seed: 1);
        double[] direction = Values(objective.Length, seed: 2);
        double[] gradient = new double[at.Length];
        double[] product = new double[at.Length];
        objective.Compute(at, gradient);
        objective.MultiplyHessian(direction, product);

        const double Step = 1e-5;
        for (int i = 0; i < at.Length; i++)
        {
            double slope = (Value(objective, at, i, Step) - Value(objective, at, i, -Step)) / (2 * Step);
            Assert.IsTrue(Math.Abs(slope - gradient[i]) <= DifferenceTolerance, $"{i}: {slope}, {gradient[i]}");
        }

        double[] after = Gradient(objective, at, direction, Step);
        double[] before = Gradient(objective, at, direction, -Step);
        for (int i = 0; i < at.Length; i++)
        {
            double change = (after[i] - before[i]) / (2 * Step);
            Assert.IsTrue(Math.Abs(change - product[i]) <= DifferenceTolerance, $"{i}: {change}, {product[i]}");
        }
    }

    [TestMethod]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        FeatureSet features = Noise(images: 101, views: 3, dim: 17, classes: 4);
        LinearClassifier expected = LinearClassifier.Fit(features, 0.01, isBalanced: false, ThreadTeam.Get(1));
        LinearClassifier actual = LinearClassifier.Fit(features, 0.01, isBalanced: false, ThreadTeam.Get(3));
        CollectionAssert.AreEqual(expected.Weight, actual.Weight);
        CollectionAssert.AreEqual(expected.Bias, actual.Bias);
    }

    /// <summary>Features -1 and 1 of two classes: w makes log(1 + exp(-2w)) + penalty w^2 least, where penalty w = 1 / (1 + exp(2w)).</summary>
    [TestMethod]
    [DataRow(1.0)]
    [DataRow(0.1)]
    [DataRow(1e-3)]
    public void Two_points_have_the_optimum_that_is_known(double penalty)
    {
        double low = 0;
        double high = 1 / penalty;
        for (int i = 0; i < 100; i++)
        {
            double w = (low + high) / 2;
            (low, high) = penalty * w < 1 / (1 + Math.Exp(2 * w)) ? (w, high) : (low, w);
        }

        LinearClassifier classifier = LinearClassifier.Fit(
            new FeatureSet(1, 2, [[-1], [1]], [0, 1]), penalty, isBalanced: false, Team);

        Assert.IsTrue(Math.Abs(classifier.Weight[1] - low) <= OptimumTolerance * Math.Max(1, low / penalty), $"{classifier.Weight[1]}, {low}");
        Assert.IsTrue(Math.Abs(classifier.Weight[0] + low) <= OptimumTolerance * Math.Max(1, low / penalty), $"{classifier.Weight[0]}, {-low}");
        Assert.IsTrue(Math.Abs(classifier.Bias[0]) <= OptimumTolerance && Math.Abs(classifier.Bias[1]) <= OptimumTolerance);
    }

    /// <summary>At the optimum, what is asked for and what is answered differ by the penalty, and nothing else.</summary>
    [TestMethod]
    [DataRow(60, 3)]
    [DataRow(6, 40)]
    public void Nothing_pulls_at_the_optimum(int images, int dim)
    {
        const double Penalty = 0.02;
        FeatureSet features = Noise(images, views: 2, dim, classes: 3);
        double[] weights = features.Weights(isBalanced: false);
        var scaling = FeatureScaling.Of(features, weights);
        LinearClassifier classifier = LinearClassifier.Fit(features, Penalty, isBalanced: false, Team);

        for (int c = 0; c < 3; c++)
        {
            for (int i = 0; i < dim; i++)
            {
                double scaled = classifier.Weight[c * dim + i] / scaling.Factor[i];
                double pull = Penalty * scaled;
                for (int image = 0; image < images; image++)
                {
                    for (int view = 0; view < 2; view++)
                    {
                        float[] row = features.Row(image, view).ToArray();
                        double error = Probabilities(classifier, row)[c] - (features.Labels[image] == c ? 1 : 0);
                        pull += weights[image] / 2 * error * (row[i] - scaling.Mean[i]) * scaling.Factor[i];
                    }
                }

                Assert.IsTrue(Math.Abs(pull) <= OptimumTolerance, $"{c}, {i}: {pull}");
            }
        }
    }

    /// <summary>Where weights are forbidden, what is answered is how often each class is there, or the same for all.</summary>
    [TestMethod]
    public void Biases_alone_give_the_shares_of_the_classes()
    {
        FeatureSet noise = Noise(images: 20, views: 1, dim: 4, classes: 2);
        FeatureSet features = noise with { Labels = [.. Enumerable.Range(0, 20).Select(i => i < 15 ? 0 : 1)] };
        double share = Probabilities(LinearClassifier.Fit(features, 1e6, isBalanced: false, Team), new float[4])[0];
        double balanced = Probabilities(LinearClassifier.Fit(features, 1e6, isBalanced: true, Team), new float[4])[0];

        // The penalty of the bias, and what a penalty of 1e6 still allows.
        const double Tolerance = 1e-4;
        Assert.IsTrue(Math.Abs(share - 0.75) <= Tolerance, $"{share}");
        Assert.IsTrue(Math.Abs(balanced - 0.5) <= Tolerance, $"{balanced}");
    }

    [TestMethod]
    public void Balance_finds_the_rare_class()
    {
        // 40 images of one class and 4 of another, which overlap.
        var random = new Random(3);
        int[] labels = [.. Enumerable.Range(0, 44).Select(i => i < 40 ? 0 : 1)];
        float[][] rows = [.. labels.Select(label => new[] { (float)(random.NextDouble() + 0.3 * label), 1f })];
        var features = new FeatureSet(2, 2, rows, labels);
        FeatureSet rare = features.Take([40, 41, 42, 43]);

        double plain = LinearClassifier.Fit(features, 0.01, isBalanced: false, Team).Evaluate(rare).Accuracy;
        double balanced = LinearClassifier.Fit(features, 0.01, isBalanced: true, Team).Evaluate(rare).Accuracy;
        Assert.IsTrue(plain <= 0.5 && balanced > plain, $"{plain}, {balanced}");
    }

    [TestMethod]
    public void A_class_without_images_is_not_answered()
    {
        FeatureSet features = Noise(images: 12, views: 2, dim: 4, classes: 2) with { Classes = 3 };
        LinearClassifier classifier = LinearClassifier.Fit(features, 0.01, isBalanced: true, Team);
        for (int image = 0; image < features.Count; image++)
        {
            double probability = Probabilities(classifier, features.Row(image, 0).ToArray())[2];
            Assert.IsTrue(probability < 0.01, $"{probability}");
        }
    }

    [TestMethod]
    public void A_feature_that_is_the_same_everywhere_gets_no_weight()
    {
        FeatureSet noise = Noise(images: 10, views: 1, dim: 2, classes: 2);
        var features = noise with { Images = [.. noise.Images.Select(row => new[] { 0.1f, row[1] })] };
        LinearClassifier classifier = LinearClassifier.Fit(features, 0.01, isBalanced: false, Team);
        Assert.AreEqual(0, classifier.Weight[0]);
        Assert.AreEqual(0, classifier.Weight[2]);
        Assert.AreNotEqual(0, classifier.Weight[1]);
    }

    [TestMethod]
    public void The_search_penalizes_noise_and_lets_a_clear_signal_be_learned()
    {
        FeatureSet noise = Noise(images: 60, views: 2, dim: 30, classes: 3);
        FeatureSet signal = noise with
        {
            Images = [.. noise.Images.Zip(noise.Labels, (rows, label) => rows.Select((value, i) => value + (i % 30 == label ? 4 : 0)).ToArray())],
        };
        (double forNoise, Evaluation? ofNoise) = Search(noise);
        (double forSignal, Evaluation? ofSignal) = Search(signal);
        Assert.IsTrue(forNoise > 3 * forSignal, $"{forNoise}, {forSignal}");
        Assert.IsTrue(ofSignal!.Accuracy > 0.9 && ofNoise!.Accuracy < 0.6, $"{ofSignal}, {ofNoise}");
        Assert.AreEqual(60, ofSignal.Images);
    }

    [TestMethod]
    [DataRow(new[] { 0, 0, 1, 1 }, 4, DisplayName = "two images of each class")]
    [DataRow(new[] { 0, 0, 0, 1 }, 3, DisplayName = "one image of a class")]
    [DataRow(new[] { 0, 1 }, 0, DisplayName = "one image of every class")]
    public void The_only_image_of_a_class_is_never_held_out(int[] labels, int heldOut)
    {
        FeatureSet features = Noise(labels.Length, views: 2, dim: 6, classes: 2) with { Labels = labels };
        (double penalty, Evaluation? evaluation) = Search(features);
        Assert.AreEqual(heldOut, evaluation?.Images ?? 0);
        Assert.IsTrue(penalty > 0);
    }

    [TestMethod]
    public void It_can_be_cancelled()
        => Assert.ThrowsExactly<OperationCanceledException>(() => LinearClassifier.Fit(
            Noise(images: 20, views: 1, dim: 4, classes: 2), 0.01, isBalanced: false, Team, new CancellationToken(canceled: true)));

    private static (double Penalty, Evaluation? HeldOut) Search(FeatureSet features)
        => PenaltySearch.Run(features, isBalanced: false, seed: 0, Team, _ => { }, CancellationToken.None);

    private static FeatureSet Noise(int images, int views, int dim, int classes)
    {
        var random = new Random(17);
        return new FeatureSet(
            dim,
            classes,
            [.. Enumerable.Range(0, images).Select(_ => Enumerable.Range(0, views * dim).Select(i => (float)(random.NextDouble() * (1 + i % dim) + 3)).ToArray())],
            [.. Enumerable.Range(0, images).Select(i => i % classes)]);
    }

    private static LogisticObjective Objective(FeatureSet features, double penalty)
    {
        double[] weights = features.Weights(isBalanced: true);
        return new LogisticObjective(features, FeatureScaling.Of(features, weights), weights, penalty, Team);
    }

    private static double[] Values(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.NextDouble() - 0.5)];
    }

    private static double Value(LogisticObjective objective, double[] at, int index, double step)
    {
        double[] moved = [.. at];
        moved[index] += step;
        return objective.Compute(moved, new double[at.Length]);
    }

    private static double[] Gradient(LogisticObjective objective, double[] at, double[] direction, double step)
    {
        double[] gradient = new double[at.Length];
        objective.Compute([.. at.Zip(direction, (a, d) => a + step * d)], gradient);
        return gradient;
    }

    private static double[] Probabilities(LinearClassifier classifier, float[] row)
    {
        double[] exponentials = [.. classifier.Bias.Select((bias, c) => Math.Exp(
            bias + row.Select((value, i) => (double)value * classifier.Weight[c * row.Length + i]).Sum()))];
        return [.. exponentials.Select(value => value / exponentials.Sum())];
    }
}
