using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Operators;
using RePaViT.Randomness;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training.Managed;

/// <summary>Training steps beside double precision, at sizes that no golden file has.</summary>
[TestClass]
public sealed class PlainComparisonTests
{
    // Float roundings (6e-8) in sums over up to 200 rows, forward and backward through up to 4 blocks.
    private const double Tolerance = 2e-5;

    private const ulong Seed = 11;
    private const long DropPathKey = 5;

    public static IEnumerable<object[]> Configurations() =>
    [
        [new ViTArchitecture { ImageSize = 15, PatchSize = 5, Dim = 15, Depth = 2, Heads = 3, Classes = 3, IdleRatio = 0.37 }, 3, 0.0],
        [new ViTArchitecture { ImageSize = 8, PatchSize = 8, Dim = 7, Depth = 1, Heads = 7, Classes = 2, IdleRatio = 1 }, 5, 0.0],
        [new ViTArchitecture { ImageSize = 12, PatchSize = 3, Dim = 20, Depth = 3, Heads = 5, Classes = 5, IdleRatio = 0 }, 6, 0.5],
        [new ViTArchitecture { ImageSize = 16, PatchSize = 4, Dim = 24, Depth = 4, Heads = 2, Classes = 4, IdleHeuristic = IdleHeuristic.Linear }, 9, 0.3],
        [new ViTArchitecture { ImageSize = 16, PatchSize = 8, Dim = 36, Depth = 2, Heads = 4, Classes = 9, MlpRatio = 2.5, IdleRatio = null }, 7, 0.4],
        [new MixerArchitecture { ImageSize = 12, PatchSize = 4, Dim = 20, Depth = 2, Classes = 3, IdleRatio = 0.6 }, 5, 0.4],
        [new MixerArchitecture { ImageSize = 15, PatchSize = 5, Dim = 11, Depth = 3, Classes = 4, IdleRatio = null }, 6, 0.0],
        [new SwinArchitecture { ImageSize = 15, PatchSize = 3, Dim = 10, Depths = [2, 1], Heads = [2, 5], Window = 3, Classes = 3, IdleRatio = 0.6 }, 4, 0.4],
        [new SwinArchitecture { ImageSize = 8, PatchSize = 2, Dim = 9, Depths = [1, 2], Heads = [3, 2], Window = 2, Classes = 4, IdleRatio = null }, 5, 0.2],
        [new ViTArchitecture { ImageSize = 10, PatchSize = 5, Dim = 33, Depth = 2, Heads = 3, Classes = 6, ActiveChannels = [1, 131] }, 4, 0.0],
        .. FeedForwardNetworks.All().Select(network => new object[] { network[0], 5, 0.3 }),
        [TrainingRun.PoolFormer with { FeedForwardStructure = FeedForwardStructure.Merged }, 4, 0.0],
    ];

    [TestMethod]
    [DynamicData(nameof(Configurations))]
    public void A_step_is_that_of_double_precision(Architecture architecture, int images, double dropPathRate)
        => AssertStep(RandomWeights.Network(architecture, seed: images), images, dropPathRate);

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.TrainableNames), typeof(OperatorNetworks))]
    public void A_step_of_an_operator_is_that_of_double_precision(string name)
        => AssertStep(OperatorNetworks.Create(name), images: 7, dropPathRate: 0);

    private static void AssertStep(Network network, int images, double dropPathRate)
    {
        Graph graph = network.ToGraph().Graph;
        int classes = graph.Output.Shape.Columns;
        var recipe = new TrainingRecipe { BatchSize = images, DropPathRate = dropPathRate, Seed = Seed };
        using var engine = new ManagedTrainingEngine(network, new CrossEntropy(), recipe, threads: 2);
        var batch = new TrainingBatch(images, (int)graph.Input.Shape.Length, classes) { Count = images, Exchanged = OperatorNetworks.Exchanged };
        RandomWeights.Floats(batch.Images.Length, seed: 1).CopyTo(batch.Images, 0);
        double[,] targets = SoftTargets(images, classes);
        Array.ConvertAll(targets.Cast<double>().ToArray(), target => (float)target).CopyTo(batch.Targets, 0);

        BatchResult result = engine.Accumulate(batch, 1, DropPathKey);

        PlainStep expected = PlainTraining.Run(network, batch.Images, targets, Keep, batch.Exchanged);
        AssertNear([expected.Loss], [(float)result.Loss], 0, "loss");
        AssertNear(expected.Logits, engine.Logits.AsSpan(), 0, "logits");
        NamedTensors gradients = engine.GetGradients();
        double largest = expected.Gradients.Max(gradient => gradient.Value.Max(Math.Abs));
        Assert.HasCount(gradients.Count, expected.Gradients);
        foreach ((string name, double[] gradient) in expected.Gradients)
        {
            // Some gradients are zero by nature; there, roundings of far larger numbers are left.
            AssertNear(gradient, gradients[name].Data, 1e-2 * largest, name);
        }

        NamedTensors weights = engine.GetWeights(averaged: false);
        foreach ((string name, double[] statistic) in expected.Statistics)
        {
            AssertNear(statistic, weights[name].Data, 0, name);
        }

        double Keep(Add sum, int branch, int image)
        {
            double rate = sum.DropPath!.Value.RateOf(dropPathRate);
            var random = new RandomStream(Seed, RandomPurpose.DropPath, DropPathKey, branch);
            double draw = 0;
            for (int i = 0; i <= image; i++)
            {
                draw = random.NextDouble();
            }

            return draw < rate ? 0 : 1 / (1 - rate);
        }
    }

    private static double[,] SoftTargets(int images, int classes)
    {
        double[,] targets = new double[images, classes];
        for (int image = 0; image < images; image++)
        {
            // Sums of binary fractions, which floats hold exactly.
            targets[image, image % classes] += 0.75;
            targets[image, image * 3 % classes] += 0.25;
        }

        return targets;
    }

    private static void AssertNear(double[] expected, ReadOnlySpan<float> actual, double smallestMagnitude, string name)
    {
        double difference = Difference.Relative(expected, actual, smallestMagnitude);
        Assert.IsTrue(difference <= Tolerance, $"{name} differs by {difference:g3} of its largest.");
    }
}
