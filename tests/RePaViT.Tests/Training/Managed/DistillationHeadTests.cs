using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training.Managed;

/// <summary>A step of a network with a teacher's columns beside its logits, beside double precision.</summary>
[TestClass]
public sealed class DistillationHeadTests
{
    // Float roundings (6e-8) in sums over up to 50 rows, forward and backward through up to 3 blocks.
    private const double Tolerance = 2e-5;

    private const int Images = 5;
    private const int Classes = 3;
    private const int Columns = 7;
    private const double Weight = 0.4;

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void A_step_is_that_of_double_precision(Architecture architecture)
    {
        float[][] vectors = [.. Enumerable.Range(0, Images).Select(image => RandomWeights.Floats(Columns, seed: image))];
        Distillation distillation = Distillation.FromFeatures(vectors) with { Weight = Weight };
        using DistillationTraining teaching = distillation.Open(seed: 1, TrainingRun.Dataset(Images, seed: 1), validates: false);
        Network network = teaching.NetworkOf(RandomWeights.Network(architecture, seed: 2));
        Graph graph = network.ToGraph().Graph;
        Assert.AreEqual(new Shape(Classes + Columns, 1), graph.Output.Shape);
        IBatchTargets targets = teaching.Targets(network);
        Assert.AreEqual(Classes + Columns, targets.Length);

        var recipe = new TrainingRecipe { BatchSize = Images, DropPathRate = 0 };
        using var engine = new ManagedTrainingEngine(network, teaching.Objective(Classes), recipe, threads: 2);
        var batch = new TrainingBatch(Images, (int)graph.Input.Shape.Length, targets.Length) { Count = Images };
        RandomWeights.Floats(batch.Images.Length, seed: 1).CopyTo(batch.Images, 0);
        double[,] expectedTargets = new double[Images, targets.Length];
        for (int i = 0; i < expectedTargets.Length; i++)
        {
            // Labels, then whatever a teacher may say; binary fractions, which floats hold exactly.
            (int image, int column) = Math.DivRem(i, targets.Length);
            double value = column < Classes ? (column == image % Classes ? 1 : 0) : (image * column % 9 - 4) / 4.0;
            (expectedTargets[image, column], batch.Targets[i]) = (value, (float)value);
        }

        BatchResult result = engine.Accumulate(batch, 1, dropPathKey: 0);

        PlainStep expected = PlainTraining.Run(network, batch.Images, expectedTargets, objective: Loss);
        AssertNear([expected.Loss], [(float)result.Loss], 0, "loss");
        NamedTensors gradients = engine.GetGradients();
        double largest = expected.Gradients.Max(gradient => gradient.Value.Max(Math.Abs));
        Assert.HasCount(gradients.Count, expected.Gradients);
        foreach ((string name, double[] gradient) in expected.Gradients)
        {
            // Some gradients are zero by nature; there, roundings of far larger numbers are left.
            AssertNear(gradient, gradients[name].Data, 1e-2 * largest, name);
        }
    }

    /// <summary>(1 - w) cross-entropy of the first rows of an image + w mean square of what is wrong with the others.</summary>
    private static double Loss(PlainValue output, double[,] targets)
    {
        double loss = 0;
        int rows = Classes + Columns;
        for (int image = 0; image < Images; image++)
        {
            int first = image * rows;
            double[] shares = PlainMath.Softmax([.. Enumerable.Range(0, Classes).Select(row => output.Value[first + row, 0])]);
            for (int row = 0; row < rows; row++)
            {
                double target = targets[image, row];
                double difference = row < Classes ? shares[row] - target : output.Value[first + row, 0] - target;
                loss += (row < Classes ? (1 - Weight) * -target * Math.Log(shares[row]) : Weight * difference * difference / Columns) / Images;
                output.Gradient[first + row, 0] += (row < Classes ? 1 - Weight : Weight * 2 / Columns) * difference / Images;
            }
        }

        return loss;
    }

    private static void AssertNear(double[] expected, ReadOnlySpan<float> actual, double smallestMagnitude, string name)
    {
        double difference = Difference.Relative(expected, actual, smallestMagnitude);
        Assert.IsTrue(difference <= Tolerance, $"{name} differs by {difference:g3} of its largest.");
    }
}
