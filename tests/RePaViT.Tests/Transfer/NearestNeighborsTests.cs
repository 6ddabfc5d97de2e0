using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Transfer;

[TestClass]
public sealed class NearestNeighborsTests
{
    private static readonly RePaViTModel _model = new(
        TrainingRun.Architecture, NetworkForm.Trained, RandomWeights.Network(TrainingRun.Architecture, seed: 1).Weights, ["a", "b", "c"]);

    private static readonly InMemoryImageDataset _labeled = TrainingRun.Dataset(60, seed: 1);
    private static readonly InMemoryImageDataset _others = TrainingRun.Dataset(30, seed: 2);

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow(1, 0.07)]
    [DataRow(20, 0.07)]
    [DataRow(7, 0.5)]
    [DataRow(1000, 1.0)]
    public void Votes_are_those_of_the_formula(int neighbors, double temperature)
    {
        var options = new NearestNeighborOptions { Neighbors = neighbors, Temperature = temperature };
        var actual = NearestNeighbors.Fit(_model, _labeled, options, TestContext.CancellationToken);
        double[][] known = [.. Enumerable.Range(0, _labeled.Count).Select(i => Unit(_labeled.GetImage(i)))];
        int correct = 0;
        for (int image = 0; image < _others.Count; image++)
        {
            double[] features = Unit(_others.GetImage(image));
            double[] votes = new double[3];
            foreach ((double similarity, int label) in known.Select((row, i) => (row.Zip(features, (a, b) => a * b).Sum(), _labeled.GetLabel(i)))
                .OrderByDescending(found => found.Item1).Take(neighbors))
            {
                votes[label] += Math.Exp(similarity / temperature);
            }

            double[] expected = [.. votes.Select(vote => vote / votes.Sum())];
            IReadOnlyList<double> found = actual.Vote(_others.GetImage(image));
            for (int label = 0; label < 3; label++)
            {
                Assert.AreEqual(expected[label], found[label], 1e-4, $"image {image}, class {label}");
            }

            correct += Array.IndexOf(expected, expected.Max()) == _others.GetLabel(image) ? 1 : 0;
        }

        Assert.AreEqual((double)correct / _others.Count, actual.Evaluate(_others, TestContext.CancellationToken), 1e-9);
    }

    [TestMethod]
    public void The_nearest_of_an_image_that_is_known_is_itself()
        => Assert.AreEqual(1, NearestNeighbors.Fit(_model, _labeled, new NearestNeighborOptions { Neighbors = 1 }).Evaluate(_labeled));

    [TestMethod]
    public void What_does_not_fit_is_refused()
    {
        StringAssert.Contains(Refusal(() => Fit(new NearestNeighborOptions { Neighbors = 0 })), "Neighbors 0");
        StringAssert.Contains(Refusal(() => Fit(new NearestNeighborOptions { Temperature = double.NaN })), "Temperature NaN");
        StringAssert.Contains(Refusal(() => Fit(new NearestNeighborOptions()).Evaluate(TrainingRun.Dataset(4, seed: 1, classes: 2))), "2 classes");
        Assert.ThrowsExactly<ArgumentNullException>(() => NearestNeighbors.Fit(null!, _labeled));
        Assert.ThrowsExactly<ArgumentNullException>(() => NearestNeighbors.Fit(_model, null!));
        Assert.ThrowsExactly<OperationCanceledException>(
            () => NearestNeighbors.Fit(_model, _labeled, cancellationToken: new CancellationToken(canceled: true)));

        static NearestNeighbors Fit(NearestNeighborOptions options) => NearestNeighbors.Fit(_model, _labeled, options);

        static string Refusal(Action act) => Assert.Throws<ArgumentException>(act).Message;
    }

    private static double[] Unit(RgbImage image)
    {
        float[] features = _model.Reparameterize().CreateExtractor().Compute(image);
        double norm = Math.Sqrt(features.Sum(value => (double)value * value));
        return [.. features.Select(value => value / norm)];
    }
}
