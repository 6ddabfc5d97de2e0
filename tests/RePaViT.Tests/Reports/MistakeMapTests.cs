using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Reports;
using RePaViT.Tests.Support;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Reports;

[TestClass]
public sealed class MistakeMapTests
{
    // Attention is computed in 32-bit floats, its product over two blocks in the same.
    private const double ShareTolerance = 1e-5;
    private const int Images = 3;

    private static readonly ViTArchitecture Pooled = TrainingRun.Registers with { AveragePooling = true };

    private static float[] Planes { get; } = [.. RandomWeights.Floats(Images * 3 * 12 * 12, seed: 6).Select(value => 128 + 50 * value)];

    public static IEnumerable<object[]> WithAttention()
        => [[TrainingRun.Architecture], [TrainingRun.LVViT], [TrainingRun.Registers], [TrainingRun.Distilled], [Pooled]];

    [TestMethod]
    [DynamicData(nameof(WithAttention))]
    public void Rollout_is_the_product_of_attention_and_shortcuts(Architecture architecture)
    {
        Network network = Model(architecture).Folded();

        float[][] maps = AttentionRollout.Compute(network, Planes, Images);

        Assert.IsTrue(AttentionRollout.Suits(network));
        for (int image = 0; image < Images; image++)
        {
            double[] expected = PlainRollout(network, Planes.AsSpan(image * 432, 432).ToArray());
            Assert.HasCount(9, maps[image]);
            for (int patch = 0; patch < 9; patch++)
            {
                Assert.IsTrue(Math.Abs(expected[patch] - maps[image][patch]) <= ShareTolerance, $"{expected[patch]} and {maps[image][patch]}");
            }
        }
    }

    [TestMethod]
    public void Networks_without_attention_over_the_whole_image_have_no_rollout()
    {
        foreach (Architecture architecture in new Architecture[] { TrainingRun.Mixer, TrainingRun.Swin, TrainingRun.PoolFormer })
        {
            Assert.IsFalse(AttentionRollout.Suits(Model(architecture).Folded()), $"{architecture}");
        }
    }

    [TestMethod]
    public void Occlusion_is_what_the_answer_loses_when_a_square_is_covered()
    {
        RePaViTModel model = Model(TrainingRun.PoolFormer);
        float[] image = Planes[..432];
        float[] probabilities = new float[3];
        model.ComputeProbabilities(image, probabilities);
        int answer = Array.IndexOf(probabilities, probabilities.Max());
        float before = probabilities[answer];

        float[] map = PatchOcclusion.Compute(model, image, 1, CancellationToken.None)[0];

        // Of 12 pixels the fourth of seven squares has those from 36 / 7 to 48 / 7, which is the one pixel 5.
        float[] mean = [255 * model.Preprocessing.Mean.Red, 255 * model.Preprocessing.Mean.Green, 255 * model.Preprocessing.Mean.Blue];
        for (int channel = 0; channel < 3; channel++)
        {
            image[(channel * 12 + 5) * 12 + 5] = mean[channel];
        }

        model.ComputeProbabilities(image, probabilities);
        Assert.IsTrue(Math.Abs(Math.Max(0, before - probabilities[answer]) - map[3 * 7 + 3]) <= 1e-6, "Roundings of a sum of probabilities.");
        Assert.HasCount(49, map);
        Assert.IsTrue(map.Max() > 0 && map.Min() >= 0);
    }

    private static RePaViTModel Model(Architecture architecture)
        => new(architecture, NetworkForm.Trained, RandomWeights.Network(architecture, seed: 5).Weights, ["a", "b", "c"]);

    /// <summary>All rows of the product, forward, in double precision.</summary>
    private static double[] PlainRollout(Network network, float[] image)
    {
        Graph graph = network.ToGraph().Graph;
        var values = new List<double[,]> { new double[3, 144] };
        Buffer.BlockCopy(Array.ConvertAll(image, value => (double)value), 0, values[0], 0, image.Length * sizeof(double));
        double[,]? product = null;
        foreach (Node node in graph.Nodes)
        {
            List<double[,]> inputs = [.. node.Inputs.Select(value => values[value.Index])];
            values.Add(node.Operator.Evaluate(inputs, spec => Array.ConvertAll(network.Weights[spec.Name].ToArray(), value => (double)value)));
            if (node.Operator is Attend attend)
            {
                double[,] mixed = WithShortcut(attend, inputs[0]);
                product = product is null ? mixed : Multiply(mixed, product);
            }
        }

        TokenEmbedding tokens = network.Layers.OfType<TokenEmbedding>().Single();
        int[] classified = tokens switch
        {
            { ClassToken: null } => [.. Enumerable.Range(tokens.Prefix, 9)],
            { DistillationToken: not null } => [0, 1],
            _ => [0],
        };
        return [.. Enumerable.Range(tokens.Prefix, 9).Select(patch => classified.Average(row => product![row, patch]))];
    }

    private static double[,] WithShortcut(Attend attend, double[,] qkv)
    {
        int rows = qkv.GetLength(0);
        int dim = qkv.GetLength(1) / 3;
        int headDim = dim / attend.Heads;
        double[,] result = new double[rows, rows];
        for (int row = 0; row < rows; row++)
        {
            result[row, row] = 0.5;
            for (int head = 0; head < attend.Heads; head++)
            {
                double[] scores = new double[rows];
                for (int other = 0; other < rows; other++)
                {
                    for (int i = head * headDim; i < (head + 1) * headDim; i++)
                    {
                        scores[other] += attend.Scale * qkv[row, i] * qkv[other, dim + i];
                    }
                }

                double sum = scores.Sum(Math.Exp);
                for (int other = 0; other < rows; other++)
                {
                    result[row, other] += 0.5 * Math.Exp(scores[other]) / sum / attend.Heads;
                }
            }
        }

        return result;
    }

    private static double[,] Multiply(double[,] left, double[,] right)
    {
        int size = left.GetLength(0);
        double[,] result = new double[size, size];
        for (int i = 0; i < size * size * size; i++)
        {
            result[i / size / size, i % size] += left[i / size / size, i / size % size] * right[i / size % size, i % size];
        }

        return result;
    }
}
