using RePaViT.Operators;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training.Managed;

[TestClass]
public sealed class OptimizerTests
{
    // Rounding of 32-bit floats over a few steps on values near 1.
    private const double Tolerance = 1e-6;

    [TestMethod]
    public void Lamb_takes_the_same_steps_as_timm()
    {
        NamedTensors golden = Safetensors.Read("Fixtures/lamb.safetensors").Tensors;
        TensorRole[] roles = [TensorRole.Weight, TensorRole.Bias, TensorRole.Scale];
        ArrayParameter[] parameters =
        [
            .. roles.Select((role, i) =>
            {
                WeightTensor start = golden[$"step0.p{i}"];
                return new ArrayParameter(new TensorSpec($"p{i}", role, start.Shape.ToArray()), start.Data.ToArray());
            }),
        ];
        var recipe = new TrainingRecipe { Optimizer = OptimizerKind.Lamb, WeightDecay = 0.05, Epsilon = 1e-6 };
        var optimizer = Optimizer.Create(parameters, recipe, threads: 1);
        for (int step = 1; golden.TryGet($"step{step}.g0", out _); step++)
        {
            for (int i = 0; i < parameters.Length; i++)
            {
                golden[$"step{step}.g{i}"].Data.CopyTo(parameters[i].Gradient);
            }

            optimizer.Step(4e-3);
            for (int i = 0; i < parameters.Length; i++)
            {
                AssertClose(golden[$"step{step}.p{i}"].Data, parameters[i].Value, $"p{i} after step {step}");
            }
        }

        Assert.AreEqual(6, optimizer.Steps);
    }

    [TestMethod]
    public void AdamW_agrees_with_the_textbook_in_double_precision()
    {
        var random = new Random(1);
        ArrayParameter[] parameters = Parameters(random);
        var recipe = new TrainingRecipe { WeightDecay = 0.1, GradientClipNorm = null };
        var optimizer = Optimizer.Create(parameters, recipe, threads: 1);
        double[][] value = [.. parameters.Select(p => Array.ConvertAll(p.Value.ToArray(), v => (double)v))];
        double[][] m = [.. value.Select(v => new double[v.Length])];
        double[][] s = [.. value.Select(v => new double[v.Length])];
        for (int step = 1; step <= 20; step++)
        {
            double rate = 1e-2 / step;
            for (int i = 0; i < parameters.Length; i++)
            {
                float[] gradient = ArrayParameter.RandomArray(random, parameters[i].Gradient.Length);
                gradient.CopyTo(parameters[i].Gradient);
                for (int j = 0; j < gradient.Length; j++)
                {
                    double g = gradient[j];
                    m[i][j] = 0.9 * m[i][j] + 0.1 * g;
                    s[i][j] = 0.999 * s[i][j] + 0.001 * g * g;
                    value[i][j] -= parameters[i].Spec.Role == TensorRole.Weight ? rate * 0.1 * value[i][j] : 0;
                    value[i][j] -= rate * (m[i][j] / (1 - Math.Pow(0.9, step)))
                        / (Math.Sqrt(s[i][j] / (1 - Math.Pow(0.999, step))) + 1e-8);
                }
            }

            optimizer.Step(rate);
        }

        for (int i = 0; i < parameters.Length; i++)
        {
            AssertClose(Array.ConvertAll(value[i], v => (float)v), parameters[i].Value, parameters[i].Spec.Name);
        }
    }

    [TestMethod]
    public void Step_returns_the_norm_before_clipping_and_clears_the_gradients()
    {
        ArrayParameter[] parameters = Parameters(new Random(2));
        parameters[0].Gradient[0] = 3;
        parameters[1].Gradient[1] = -4;
        double norm = Optimizer.Create(parameters, new TrainingRecipe(), threads: 1).Step(1e-3);
        Assert.IsTrue(Math.Abs(norm - 5) <= 1e-12, $"{norm}");
        Assert.IsTrue(parameters.All(parameter => parameter.Gradient.IndexOfAnyExcept(0f) < 0));
    }

    [TestMethod]
    public void Clipping_scales_all_gradients_to_the_limit()
    {
        // Moments start at 0, so the first moment after one step is the clipped gradient times 1 - b1.
        ArrayParameter[] parameters = Parameters(new Random(3));
        parameters[0].Gradient[0] = 30;
        parameters[1].Gradient[1] = -40;
        var optimizer = Optimizer.Create(parameters, new TrainingRecipe { GradientClipNorm = 0.5 }, threads: 1);
        optimizer.Step(1e-3);
        var state = new NamedTensors();
        optimizer.AddState(state);
        Assert.IsTrue(Math.Abs(state["optimizer.m.matrix"].Data[0] - 0.03) <= 1e-8);
        Assert.IsTrue(Math.Abs(state["optimizer.m.bias"].Data[1] + 0.04) <= 1e-8);
    }

    [TestMethod]
    [DataRow(float.NaN)]
    [DataRow(float.PositiveInfinity)]
    public void A_gradient_that_is_not_finite_moves_nothing(float bad)
    {
        ArrayParameter[] parameters = Parameters(new Random(4));
        float[] before = parameters[0].Value.ToArray();
        parameters[0].Gradient[3] = bad;
        var optimizer = Optimizer.Create(parameters, new TrainingRecipe(), threads: 1);
        Assert.IsFalse(double.IsFinite(optimizer.Step(1e-3)));
        Assert.AreEqual(0, optimizer.Steps);
        CollectionAssert.AreEqual(before, parameters[0].Value.ToArray());
    }

    [TestMethod]
    [DataRow(OptimizerKind.AdamW)]
    [DataRow(OptimizerKind.Lamb)]
    public void State_round_trips_and_results_do_not_depend_on_threads(OptimizerKind kind)
    {
        var recipe = new TrainingRecipe { Optimizer = kind };
        ArrayParameter[] expected = Parameters(new Random(5));
        ArrayParameter[] actual = Parameters(new Random(5));
        var straight = Optimizer.Create(expected, recipe, threads: 1);
        var interrupted = Optimizer.Create(actual, recipe, threads: 3);
        for (int step = 1; step <= 6; step++)
        {
            FillGradients(expected, step);
            FillGradients(actual, step);
            straight.Step(1e-2);
            interrupted.Step(1e-2);
            var state = new NamedTensors();
            interrupted.AddState(state);
            interrupted = Optimizer.Create(actual, recipe, threads: 3);
            interrupted.SetState(state);
            Assert.AreEqual(step, interrupted.Steps);
        }

        for (int i = 0; i < expected.Length; i++)
        {
            CollectionAssert.AreEqual(expected[i].Value.ToArray(), actual[i].Value.ToArray(), expected[i].Spec.Name);
        }
    }

    [TestMethod]
    public void State_of_another_network_is_refused()
    {
        var optimizer = Optimizer.Create(Parameters(new Random(6)), new TrainingRecipe(), threads: 1);
        var error = Assert.ThrowsExactly<ArgumentException>(() => optimizer.SetState(new NamedTensors()));
        StringAssert.Contains(error.Message, "optimizer.steps");

        var other = new NamedTensors();
        Optimizer.Create([ArrayParameter.Random(new Random(7), "matrix", TensorRole.Weight, 2, 2)], new TrainingRecipe(), 1)
            .AddState(other);
        error = Assert.ThrowsExactly<ArgumentException>(() => optimizer.SetState(other));
        StringAssert.Contains(error.Message, "optimizer.m.matrix");
    }

    // Lengths beyond one slice, and one that ends in the middle of a vector; a running statistic has no gradient.
    private static ArrayParameter[] Parameters(Random random) =>
    [
        ArrayParameter.Random(random, "matrix", TensorRole.Weight, 41, 53),
        ArrayParameter.Random(random, "bias", TensorRole.Bias, 7),
        ArrayParameter.Random(random, "mean", TensorRole.RunningMean, 5),
    ];

    private static void FillGradients(ArrayParameter[] parameters, int seed)
    {
        var random = new Random(seed);
        foreach (ArrayParameter parameter in parameters)
        {
            ArrayParameter.RandomArray(random, parameter.Gradient.Length).CopyTo(parameter.Gradient);
        }
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what)
    {
        Assert.AreEqual(expected.Length, actual.Length, what);
        for (int i = 0; i < expected.Length; i++)
        {
            double difference = Math.Abs((double)expected[i] - actual[i]);
            Assert.IsTrue(difference <= Tolerance, $"{what}, element {i}: {expected[i]} expected, {actual[i]} found.");
        }
    }
}
