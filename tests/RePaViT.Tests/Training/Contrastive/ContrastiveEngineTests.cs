using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Operators;
using RePaViT.Tests.Reference;
using RePaViT.Tests.Support;
using RePaViT.Training;
using RePaViT.Training.Contrastive;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training.Contrastive;

/// <summary>Steps whose pairs pass through the network in several batches.</summary>
[TestClass]
public sealed class ContrastiveEngineTests
{
    // Float roundings (6e-8) in sums over up to 120 rows, forward and backward through up to 3 blocks, times the scale.
    private const double Tolerance = 5e-5;

    // Of a difference quotient in floats.
    private const double SlopeTolerance = 0.02;

    private const int Pairs = 12;
    private const int Length = 7;
    private const double Scale = 5;

    private static readonly ViTArchitecture ChannelIdle = TrainingRun.Compared;
    private static readonly ViTArchitecture Vanilla = ChannelIdle with { IdleRatio = null };
    private static readonly int ImageLength = 3 * ChannelIdle.ImageSize * ChannelIdle.ImageSize;
    private static readonly float[] Images = RandomWeights.Floats(Pairs * ImageLength, seed: 1);
    private static readonly float[] Texts = UnitRows(RandomWeights.Floats(Pairs * Length, seed: 2));

    [TestMethod]
    [DataRow(12)]
    [DataRow(4)]
    [DataRow(3)]
    public void Gradients_of_batches_are_those_of_all_pairs_at_once(int perBatch)
    {
        Network whole = RandomWeights.Network(Vanilla, seed: 3);
        using Setup setup = new(whole, dropPathRate: 0, threads: 2, perBatch);

        BatchResult result = setup.Step();

        PlainStep expected = PlainTraining.Run(setup.Part, Images, Targets(), objective: PlainContrast);
        AssertNear([expected.Loss], [(float)(result.Loss * perBatch / Pairs)], 0, "loss");
        NamedTensors gradients = setup.Inner.GetGradients();
        double largest = expected.Gradients.Max(gradient => gradient.Value.Max(Math.Abs));
        Assert.HasCount(gradients.Count, expected.Gradients);
        foreach ((string name, double[] gradient) in expected.Gradients)
        {
            // Some gradients are zero by nature; there, roundings of far larger numbers are left.
            AssertNear(gradient, gradients[name].Data, 1e-2 * largest, name);
        }
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(0.5)]
    public void Gradients_are_the_slope_of_the_loss_through_batch_normalization_and_dropped_paths(double dropPathRate)
    {
        Network whole = RandomWeights.Network(ChannelIdle, seed: 4);
        using Setup setup = new(whole, dropPathRate, threads: 2, perBatch: 4);
        NamedTensors start = setup.Engine.GetState();
        setup.Step();
        NamedTensors gradients = setup.Inner.GetGradients();
        double norm = Math.Sqrt(gradients.Sum(pair => pair.Value.ToArray().Sum(value => (double)value * value)));

        double h = 1e-2;
        double slope = (LossAt(h) - LossAt(-h)) / (2 * h);

        Assert.IsTrue(Math.Abs(slope - norm) <= SlopeTolerance * norm, $"{slope}, but the gradient has {norm}.");

        double LossAt(double distance)
        {
            var moved = new NamedTensors();
            foreach ((string name, WeightTensor tensor) in start)
            {
                float[] values = tensor.ToArray();
                for (int i = 0; i < values.Length && gradients.TryGet(name, out WeightTensor? gradient); i++)
                {
                    values[i] += (float)(distance * gradient.Data[i] / norm);
                }

                moved.Add(name, new WeightTensor(values, [.. tensor.Shape]));
            }

            setup.Engine.SetState(moved);
            return setup.Step().Loss * setup.PerBatch / Pairs;
        }
    }

    [TestMethod]
    public void Both_passes_compute_the_same_and_running_statistics_move_once()
    {
        Network whole = RandomWeights.Network(ChannelIdle, seed: 5);
        using Setup twice = new(whole, dropPathRate: 0.5, threads: 2, perBatch: 4);
        using Setup once = new(whole, dropPathRate: 0.5, threads: 1, perBatch: 4);
        float[] first = new float[4 * Length];

        twice.Step();
        for (int batch = 0; batch < 3; batch++)
        {
            once.Inner.Forward(once.Batch(batch), Setup.Key(batch), first);
            once.Inner.Accumulate(once.Batch(batch), 1, Setup.Key(batch));
            CollectionAssert.AreEqual(first, once.Inner.Logits.AsSpan().ToArray());
        }

        NamedTensors weights = twice.Inner.GetWeights(averaged: false);
        string[] statistics = [.. weights.Select(pair => pair.Key).Where(name => name.Contains("running", StringComparison.Ordinal))];
        Assert.IsNotEmpty(statistics);
        foreach (string name in statistics)
        {
            CollectionAssert.AreEqual(once.Inner.GetWeights(averaged: false)[name].ToArray(), weights[name].ToArray(), name);
            CollectionAssert.AreNotEqual(whole.Weights[name].ToArray(), weights[name].ToArray(), name);
        }
    }

    [TestMethod]
    public void The_loss_of_a_step_comes_with_its_last_batch()
    {
        using Setup setup = new(RandomWeights.Network(Vanilla, seed: 6), dropPathRate: 0, threads: 1, perBatch: 4);

        Assert.AreEqual(default, setup.Engine.Accumulate(setup.Batch(0), 1f / 3, 0));
        Assert.AreEqual(default, setup.Engine.Accumulate(setup.Batch(1), 1f / 3, 1));
        BatchResult third = setup.Engine.Accumulate(setup.Batch(2), 1f / 3, 2);
        Assert.IsTrue(third is { Loss: > 0, Correct: >= 0 and <= Pairs });
        setup.Engine.Update(0);

        Assert.AreEqual(third, setup.Step(), "The next step begins anew.");
    }

    [TestMethod]
    public void Tensors_that_are_not_trained_stay_and_are_in_the_state()
    {
        Network whole = RandomWeights.Network(Vanilla, seed: 7);
        using Setup setup = new(whole, dropPathRate: 0, threads: 1, perBatch: 4);
        using Setup other = new(RandomWeights.Network(Vanilla, seed: 8), dropPathRate: 0, threads: 1, perBatch: 4);
        setup.Step();
        setup.Engine.Update(0.1);

        other.Engine.SetState(setup.Engine.GetState());

        NamedTensors weights = other.Engine.GetWeights(averaged: false);
        CollectionAssert.AreEqual(whole.Weights["head.weight"].ToArray(), weights["head.weight"].ToArray());
        CollectionAssert.AreNotEqual(whole.Weights["projection.weight"].ToArray(), weights["projection.weight"].ToArray());
        Assert.HasCount(whole.Weights.Count, weights);
        Assert.AreEqual(setup.Step(), other.Step());
    }

    private static double[,] Targets()
    {
        double[,] targets = new double[Pairs, Length];
        Buffer.BlockCopy(Array.ConvertAll(Texts, value => (double)value), 0, targets, 0, Texts.Length * sizeof(double));
        return targets;
    }

    /// <summary>The definition, with the whole matrix of logits.</summary>
    private static double PlainContrast(PlainValue output, double[,] texts)
    {
        double[,] logits = new double[Pairs, Pairs];
        for (int i = 0; i < Pairs; i++)
        {
            for (int j = 0; j < Pairs; j++)
            {
                logits[i, j] = Scale * Enumerable.Range(0, Length).Sum(k => output.Value[i, k] * texts[j, k]);
            }
        }

        double loss = 0;
        for (int i = 0; i < Pairs; i++)
        {
            double[] row = PlainMath.Softmax([.. Enumerable.Range(0, Pairs).Select(j => logits[i, j])]);
            double[] column = PlainMath.Softmax([.. Enumerable.Range(0, Pairs).Select(j => logits[j, i])]);
            loss -= (Math.Log(row[i]) + Math.Log(column[i])) / (2 * Pairs);
            for (int j = 0; j < Pairs; j++)
            {
                for (int k = 0; k < Length; k++)
                {
                    output.Gradient[i, k] += Scale * (row[j] - (i == j ? 1 : 0)) * texts[j, k] / (2 * Pairs);
                    output.Gradient[j, k] += Scale * (column[j] - (i == j ? 1 : 0)) * texts[i, k] / (2 * Pairs);
                }
            }
        }

        return loss;
    }

    private static float[] UnitRows(float[] values)
    {
        for (int row = 0; row < values.Length; row += Length)
        {
            double norm = Math.Sqrt(values.Skip(row).Take(Length).Sum(value => (double)value * value));
            for (int i = row; i < row + Length; i++)
            {
                values[i] = (float)(values[i] / norm);
            }
        }

        return values;
    }

    private static void AssertNear(double[] expected, ReadOnlySpan<float> actual, double smallestMagnitude, string name)
    {
        double difference = Difference.Relative(expected, actual, smallestMagnitude);
        Assert.IsTrue(difference <= Tolerance, $"{name} differs by {difference:g3} of its largest.");
    }

    /// <summary>An engine for a network, and the pairs in batches.</summary>
    private sealed class Setup : IDisposable
    {
        public Setup(Network whole, double dropPathRate, int threads, int perBatch)
        {
            Part = whole.TakeOutput("embedding");
            PerBatch = perBatch;
            var recipe = new TrainingRecipe { BatchSize = perBatch, DropPathRate = dropPathRate };
            Inner = new ManagedTrainingEngine(Part, new GivenGradient(), recipe, threads);
            Engine = new PartEngine(new ContrastiveEngine(Inner, Length, Scale), new FixedTensors(whole.Layers[^1].Tensors, whole.Weights));
        }

        public Network Part { get; }

        public int PerBatch { get; }

        public ManagedTrainingEngine Inner { get; }

        public PartEngine Engine { get; }

        public TrainingBatch Batch(int number)
        {
            var batch = new TrainingBatch(PerBatch, ImageLength, Length) { Count = PerBatch };
            Images.AsSpan(number * PerBatch * ImageLength, PerBatch * ImageLength).CopyTo(batch.Images);
            Texts.AsSpan(number * PerBatch * Length, PerBatch * Length).CopyTo(batch.Targets);
            return batch;
        }

        public static long Key(int batch) => 17 + batch;

        public BatchResult Step()
        {
            int batches = Pairs / PerBatch;
            BatchResult result = default;
            for (int batch = 0; batch < batches; batch++)
            {
                result = Engine.Accumulate(Batch(batch), 1f / batches, Key(batch));
            }

            return result;
        }

        public void Dispose() => Engine.Dispose();
    }
}
