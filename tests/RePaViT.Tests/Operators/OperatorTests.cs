using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Operators;

/// <summary>What operators say of themselves, with numbers worked out by hand.</summary>
[TestClass]
public sealed class OperatorTests
{
    private const double Tolerance = 1e-12;

    private static readonly double[] Distances = [0, 0.1, 0.4, 0.9, 1.6, 2.5, 3.6, 4.9, 6.4];

    private static readonly double[,] X = { { 1, -2, 3 }, { 0, 5, -1 } };

    [TestMethod]
    public void Every_operator_is_among_the_networks_that_engines_are_tested_with()
    {
        Type[] all = [.. typeof(Operator).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(Operator)) && !type.IsAbstract)];
        var tested = OperatorNetworks.Names()
            .SelectMany(name => OperatorNetworks.Create((string)name[0]).ToGraph().Graph.Nodes)
            .Select(node => node.Operator.GetType())
            .ToHashSet();

        Assert.IsGreaterThan(10, all.Length);
        CollectionAssert.AreEquivalent(all, tested.ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(OperatorNetworks.Names), typeof(OperatorNetworks))]
    public void Shapes_are_those_of_the_results(string name)
    {
        Network network = OperatorNetworks.Create(name);
        var values = new List<double[,]>();
        Graph graph = network.ToGraph().Graph;
        values.Add(new double[graph.Input.Shape.Rows, graph.Input.Shape.Columns]);
        foreach (Node node in graph.Nodes)
        {
            double[,] result = node.Operator.Evaluate(
                [.. node.Inputs.Select(input => values[input.Index])],
                spec => Array.ConvertAll(network.Weights[spec.Name].ToArray(), value => (double)value));
            Assert.AreEqual(node.Result.Shape, new Shape(result.GetLength(0), result.GetLength(1)), $"{node.Operator}");
            values.Add(result);
        }
    }

    [TestMethod]
    public void Results_are_those_of_the_definition()
    {
        AssertResult(new Linear(Weight("w", 2, 3), Bias("b", 2)), new double[,] { { 6 + 10, 2 + 20 }, { 7 + 10, -5 + 20 } }, X);
        AssertResult(new Linear(Weight("w", 2, 3), null), new double[,] { { 6, 2 }, { 7, -5 } }, X);
        AssertResult(new Linear(Weight("w", 2, 3, 1, 1), null), new double[,] { { 6, 2 }, { 7, -5 } }, X);

        // Rows of mean 2/3 and 4/3; variances 38/9 and 62/9.
        (double a, double b) = (Math.Sqrt(38.0 / 9 + 0.5), Math.Sqrt(62.0 / 9 + 0.5));
        AssertResult(
            LayerNormalize.Plain(0.5f),
            new double[,] { { 1 / 3.0 / a, -8 / 3.0 / a, 7 / 3.0 / a }, { -4 / 3.0 / b, 11 / 3.0 / b, -7 / 3.0 / b } },
            X);
        AssertResult(
            new LayerNormalize(Bias("gamma", 3), Bias("beta", 3), 0.5f),
            new double[,]
            {
                { 2 / 3.0 / a + 3, -24 / 3.0 / a + 2, 28 / 3.0 / a + 1 },
                { -8 / 3.0 / b + 3, 33 / 3.0 / b + 2, -28 / 3.0 / b + 1 },
            },
            X);

        // (x - mean) / sqrt(variance + 1) gamma + beta with variances 3, 8 and 15.
        AssertResult(
            new BatchNormalize(Bias("gamma", 3), Bias("beta", 3), Bias("mean", 3), Bias("variance", 3), 1),
            new double[,] { { 3 + 2 * 0 / 2.0, 2 + 3 * -3 / 3.0, 1 + 4 * 2 / 4.0 }, { 3 + 2 * -1 / 2.0, 2 + 3 * 4 / 3.0, 1 + 4 * -2 / 4.0 } },
            X);

        // All six values: mean 1, variance 34 / 6 (squares 0 9 4 1 16 4).
        double c = Math.Sqrt(34.0 / 6 + 0.5);
        AssertResult(
            new GroupNormalize(Bias("gamma", 3), Bias("beta", 3), 0.5f),
            new double[,] { { 3, 3 * -3 / c + 2, 4 * 2 / c + 1 }, { 2 * -1 / c + 3, 3 * 4 / c + 2, 4 * -2 / c + 1 } },
            X);
        AssertResult(new ScaleColumns(Bias("gamma", 3)), new double[,] { { 2, -6, 12 }, { 0, 15, -4 } }, X);

        // (1 -2 3) and (0 5 -1); a row of zeros stays one, and what is below 1e-12 is divided by that.
        AssertResult(
            new NormalizeRows(),
            new double[,]
            {
                { 1 / Math.Sqrt(14), -2 / Math.Sqrt(14), 3 / Math.Sqrt(14) },
                { 0, 5 / Math.Sqrt(26), -1 / Math.Sqrt(26) },
            },
            X);
        AssertResult(new NormalizeRows(), new double[,] { { 0, 0 }, { 0.3 * (1e-12 / NormalizeRows.Epsilon), 0 } }, new double[,] { { 0, 0 }, { 3e-13, 0 } });

        // The rows of the weight have the lengths sqrt(14) and 1.
        AssertResult(
            new WeightNormalizedLinear(Weight("w", 2, 3)),
            new double[,] { { 6 / Math.Sqrt(14), 2 }, { 7 / Math.Sqrt(14), -5 } },
            X);

        // Corners of a map of 3 x 3 see four places, edges six and the middle all nine.
        AssertResult(
            new AveragePool(3, 3),
            new double[,] { { 12 / 4.0 }, { 21 / 6.0 }, { 16 / 4.0 }, { 27 / 6.0 }, { 45 / 9.0 }, { 33 / 6.0 }, { 24 / 4.0 }, { 39 / 6.0 }, { 28 / 4.0 } },
            new double[,] { { 1 }, { 2 }, { 3 }, { 4 }, { 5 }, { 6 }, { 7 }, { 8 }, { 9 } });

        double gelu = 0.8413447460685429;       // Phi(1)
        AssertResult(new Activate(ActivationKind.Gelu, 1), new double[,] { { gelu, -2, 3 }, { 0, 5, -1 } }, X);
        AssertResult(new Activate(ActivationKind.Gelu, 0), X, X);

        // One head: scores 0.5 (1 -2)' (-2 5), so that row 0 sees row 0 with weight exp(-1) and row 1 with exp(0).
        double[,] qkv = { { 1, -2, 3 }, { 0, 0, -1 } };
        double share = Math.Exp(-1) / (Math.Exp(-1) + 1);
        AssertResult(new Attend(1, 0.5f), new double[,] { { 3 * share - (1 - share) }, { 1 } }, qkv);

        // A window of 2 x 2 without scores of its own: shares follow from the distances alone; values are 0, 0, 0 and 1.
        var positions = new RelativePositions(new TensorSpec("distances", TensorRole.Embedding, 9, 1), new WindowGrid(2, 2, 0));
        AssertResult(
            new Attend(1, 0.5f, positions),
            new double[,] { { Share(0, 4, 3, 1) }, { Share(1, 5, 4, 2) }, { Share(3, 7, 6, 4) }, { Share(4, 8, 7, 5) } },
            new double[,] { { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 0 }, { 0, 0, 1 } });

        AssertResult(new Transpose(), new double[,] { { 1, 0 }, { -2, 5 }, { 3, -1 } }, X);
        AssertResult(new PrependToken(new TensorSpec("gamma", TensorRole.Embedding, 1, 1, 3)), new double[,] { { 2, 3, 4 }, { 1, -2, 3 }, { 0, 5, -1 } }, X);
        AssertResult(new AddTable(new TensorSpec("w", TensorRole.Embedding, 1, 2, 3)), new double[,] { { 2, 0, 6 }, { 0, 4, -1 } }, X);
        AssertResult(new ShiftRows(Bias("b", 2)), new double[,] { { 11, 8, 13 }, { 20, 25, 19 } }, X);
        AssertResult(new TakeRow(1), new double[,] { { 0, 5, -1 } }, X);
        AssertResult(new AverageRows(), new double[,] { { 0.5, 1.5, 1 } }, X);
        AssertResult(new Add(null), new double[,] { { 2, -4, 6 }, { 0, 10, -2 } }, X, X);
        AssertResult(new Add(null, -0.5f), new double[,] { { 0.5, -1, 1.5 }, { 0, 2.5, -0.5 } }, X, X);
        AssertResult(new Add(DropPathPosition.Deepest), new double[,] { { 2, -4, 6 }, { 0, 10, -2 } }, X, X);

        // Two channels of 4 x 4 in patches of 2 x 2: channel by channel, line by line in each.
        double[,] image = new double[2, 16];
        Buffer.BlockCopy(Enumerable.Range(0, 32).Select(value => (double)value).ToArray(), 0, image, 0, 32 * sizeof(double));
        AssertResult(
            new Gather(new PatchTable(2, 4, 2)),
            new double[,]
            {
                { 0, 1, 4, 5, 16, 17, 20, 21 }, { 2, 3, 6, 7, 18, 19, 22, 23 },
                { 8, 9, 12, 13, 24, 25, 28, 29 }, { 10, 11, 14, 15, 26, 27, 30, 31 },
            },
            image);

        // A filter of 3 x 3 at every other place of one channel of 3 x 3, reaching over the edges by one.
        double[,] map = { { 1 }, { 2 }, { 3 }, { 4 }, { 5 }, { 6 }, { 7 }, { 8 }, { 9 } };
        double[,] seen =
        {
            { 0, 0, 0, 0, 1, 2, 0, 4, 5 }, { 0, 0, 0, 2, 3, 0, 5, 6, 0 },
            { 0, 4, 5, 0, 7, 8, 0, 0, 0 }, { 5, 6, 0, 8, 9, 0, 0, 0, 0 },
        };
        AssertResult(new Gather(new ConvolutionTable(1, 3, 3, Stride: 2, Padding: 1, IsImage: false)), seen, map);
        AssertResult(
            new Gather(new ConvolutionTable(1, 3, 3, Stride: 2, Padding: 1, IsImage: true)), seen, new double[,] { { 1, 2, 3, 4, 5, 6, 7, 8, 9 } });

        static double Share(int itself, params int[] others)
            => Math.Exp(Distances[itself]) / others.Append(itself).Sum(row => Math.Exp(Distances[row]));
    }

    [TestMethod]
    public void Windows_of_a_shifted_map_know_what_was_rolled_over_an_edge()
    {
        // 0 1 2 3    5 6 | 7 4
        // 4 5 6 7    9 . | . 8
        // 8 . . .    ---------
        // . . . .    . . | . .  and so on.
        var grid = new WindowGrid(Size: 4, Window: 2, Shift: 1);
        int[] places = [.. Enumerable.Range(0, 16).Select(i => grid.PlaceOf(i / 4, i % 4)!.Value)];
        CollectionAssert.AreEqual(new[] { 5, 6, 9, 10, 7, 4, 11, 8, 13, 14, 1, 2, 15, 12, 3, 0 }, places);
        var positions = new RelativePositions(new TensorSpec("b", TensorRole.Embedding, 9, 1), grid);
        CollectionAssert.AreEqual(new[] { 0, 1, 2, 3 }, positions.Kinds());
        float[][] masks = positions.Masks();
        CollectionAssert.AreEqual(new float[16], masks[0]);
        CollectionAssert.AreEqual(new float[] { 0, -100, 0, -100, -100, 0, -100, 0, 0, -100, 0, -100, -100, 0, -100, 0 }, masks[1]);
        CollectionAssert.AreEqual(new float[] { 0, 0, -100, -100, 0, 0, -100, -100, -100, -100, 0, 0, -100, -100, 0, 0 }, masks[2]);
        CollectionAssert.AreEqual(new float[] { 0, -100, -100, -100, -100, 0, -100, -100, -100, -100, 0, -100, -100, -100, -100, 0 }, masks[3]);

        // Rows of the table count distances (-1, -1), (-1, 0), ... (1, 1).
        CollectionAssert.AreEqual(new[] { 4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4 }, positions.TableRows());
    }

    [TestMethod]
    public void Tensors_stand_in_the_order_in_which_they_are_stored()
    {
        AssertTensors(Linear.Named("a", 3, 2), "a.weight [2, 3] Weight", "a.bias [2] Bias");
        AssertTensors(Linear.Named("a", 3, 2, bias: false), "a.weight [2, 3] Weight");
        AssertTensors(LayerNormalize.Named("a", 3, 1), "a.weight [3] Scale", "a.bias [3] Bias");
        AssertTensors(LayerNormalize.Plain(1));
        AssertTensors(
            BatchNormalize.Named("a", 3, 1),
            "a.weight [3] Scale", "a.bias [3] Bias", "a.running_mean [3] RunningMean", "a.running_var [3] RunningVariance");
        AssertTensors(new PrependToken(new TensorSpec("a", TensorRole.Embedding, 1, 1, 3)), "a [1, 1, 3] Embedding");
        AssertTensors(new AddTable(new TensorSpec("a", TensorRole.Embedding, 1, 2, 3)), "a [1, 2, 3] Embedding");
        AssertTensors(new ShiftRows(new TensorSpec("a", TensorRole.Bias, 3)), "a [3] Bias");
        AssertTensors(GroupNormalize.Named("a", 3, 1), "a.weight [3] Scale", "a.bias [3] Bias");
        AssertTensors(new ScaleColumns(new TensorSpec("a", TensorRole.Scale, 3)), "a [3] Scale");
        AssertTensors(Linear.Named("a", 3, 2, pointwise: true), "a.weight [2, 3, 1, 1] Weight", "a.bias [2] Bias");
        AssertTensors(new AveragePool(3, 3));
        AssertTensors(new Attend(1, 1));
        AssertTensors(new Activate(ActivationKind.Gelu, 1));
    }

    [TestMethod]
    public void Products_are_counted_and_nothing_else_is()
    {
        var input = new Shape(5, 6);
        AssertCost(Linear.Named("a", 6, 7), input, weights: 5 * 6 * 7, attention: 0);
        AssertCost(new Linear(new TensorSpec("a", TensorRole.Weight, 7, 2, 3, 1), null), input, weights: 5 * 6 * 7, attention: 0);
        AssertCost(new Attend(2, 1), input, weights: 0, attention: 2 * 5 * 5 * 2);
        foreach (Operator other in new Operator[]
        {
            LayerNormalize.Plain(1), BatchNormalize.Named("a", 6, 1), new Activate(ActivationKind.Gelu, 6), new Transpose(), new TakeRow(0),
            new AverageRows(), new NormalizeRows(), new Add(null), new AddTable(new TensorSpec("a", TensorRole.Embedding, 1, 5, 6)),
            GroupNormalize.Named("a", 6, 1), new ScaleColumns(new TensorSpec("a", TensorRole.Scale, 6)), new AveragePool(3, 3),
            new PrependToken(new TensorSpec("a", TensorRole.Embedding, 1, 1, 6)), new ShiftRows(new TensorSpec("a", TensorRole.Bias, 5)),
        })
        {
            AssertCost(other, input, weights: 0, attention: 0);
        }
    }

    [TestMethod]
    public void Shapes_that_an_operator_does_not_take_are_refused_with_what_it_takes()
    {
        AssertRefused(Linear.Named("a", 3, 2), "[rows, 3]", new Shape(5, 6));
        AssertRefused(LayerNormalize.Named("a", 3, 1), "[rows, 3]", new Shape(5, 6));
        AssertRefused(BatchNormalize.Named("a", 3, 1), "[rows, 3]", new Shape(5, 6));
        AssertRefused(new Activate(ActivationKind.Gelu, 7), "at least 7 columns", new Shape(5, 6));
        AssertRefused(new Attend(4, 1), "three times a multiple of 4 columns", new Shape(5, 6));
        AssertRefused(new Gather(new PatchTable(3, 4, 2)), "[3, 16]", new Shape(5, 6));
        AssertRefused(new PrependToken(new TensorSpec("a", TensorRole.Embedding, 1, 1, 3)), "[rows, 3]", new Shape(5, 6));
        AssertRefused(new AddTable(new TensorSpec("a", TensorRole.Embedding, 1, 6, 5)), "[6, 5]", new Shape(5, 6));
        AssertRefused(GroupNormalize.Named("a", 3, 1), "[rows, 3]", new Shape(5, 6));
        AssertRefused(new ScaleColumns(new TensorSpec("a", TensorRole.Scale, 3)), "[rows, 3]", new Shape(5, 6));
        AssertRefused(new AveragePool(2, 3), "[4, columns]", new Shape(5, 6));
        AssertRefused(new ShiftRows(new TensorSpec("a", TensorRole.Bias, 6)), "[6, columns]", new Shape(5, 6));
        AssertRefused(new TakeRow(5), "more than 5 rows", new Shape(5, 6));
        AssertRefused(new Add(null), "[5, 6], the shape of the other", new Shape(5, 6), new Shape(6, 5));
    }

    private static TensorSpec Weight(string name, params int[] shape) => new(name, TensorRole.Weight, shape);

    private static TensorSpec Bias(string name, int length) => new(name, TensorRole.Bias, length);

    private static void AssertResult(Operator operation, double[,] expected, params double[][,] inputs)
    {
        double[,] actual = operation.Evaluate(inputs, Values);
        Assert.AreEqual((expected.GetLength(0), expected.GetLength(1)), (actual.GetLength(0), actual.GetLength(1)), $"{operation}");
        double difference = Difference.Relative(expected.Cast<double>().ToArray(), actual.Cast<double>().ToArray());
        Assert.IsTrue(difference <= Tolerance, $"{operation} differs by {difference}");
    }

    private static double[] Values(TensorSpec spec) => spec.Name switch
    {
        "w" => [1, 2, 3, 0, -1, 0],
        "b" => [10, 20],
        "gamma" => [2, 3, 4],
        "beta" => [3, 2, 1],
        "mean" => [1, 1, 1],
        "distances" => Distances,
        _ => [3, 8, 15],
    };

    private static void AssertTensors(Operator operation, params string[] expected)
        => CollectionAssert.AreEqual(
            expected, operation.Tensors.Select(spec => $"{spec.Name} [{string.Join(", ", spec.Shape)}] {spec.Role}").ToArray());

    private static void AssertCost(Operator operation, Shape input, long weights, long attention)
        => Assert.AreEqual(
            (weights, attention), (operation.WeightMultiplyAdds(input), operation.AttentionMultiplyAdds(input)), $"{operation}");

    private static void AssertRefused(Operator operation, string needed, params Shape[] inputs)
    {
        var refusal = Assert.ThrowsExactly<ArgumentException>(() => operation.ShapeOf(inputs));
        StringAssert.Contains(refusal.Message, needed);
        StringAssert.Contains(refusal.Message, $"{inputs[^1]}");
    }
}
