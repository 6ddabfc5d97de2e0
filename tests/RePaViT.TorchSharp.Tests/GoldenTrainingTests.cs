using RePaViT.Benchmarks.Verification;
using RePaViT.Tests.Support;
using RePaViT.Torch.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Torch.Tests;

/// <summary>One training step beside the reference implementation's.</summary>
[TestClass]
public sealed class GoldenTrainingTests : TorchTest
{
    private const double Tolerance = 1e-4;
    private const double GradientTolerance = 1e-3;
    private const double SmallestGradient = 1e-3;

    [TestMethod]
    [DataRow("vit_vanilla")]
    [DataRow("vit_idle025")]
    [DataRow("vit_idle050")]
    [DataRow("vit_idle075")]
    [DataRow("vit_idle100")]
    [DataRow("vit_heuristic_linear")]
    [DataRow("mixer_vanilla")]
    [DataRow("mixer_idle075")]
    [DataRow("swin_vanilla")]
    [DataRow("swin_idle075")]
    [DataRow("lvvit_idle075")]
    public void Loss_gradients_and_running_statistics_equal_the_reference(string name)
    {
        GoldenFile file = GoldenFile.Read(Fixture.Path(name));
        var fixture = new NetworkFixture(file);
        using TorchTrainingEngine engine = Engine(
            fixture.Trained, new TrainingRecipe { BatchSize = fixture.Images, DropPathRate = 0 });

        BatchResult result = engine.Accumulate(fixture.CreateBatch(), 1, dropPathKey: 0);

        Assert.AreEqual(fixture.Loss.Data[0], result.Loss, Tolerance);
        AssertClose(file.Tensors.WithoutPrefix("grad."), engine.GetGradients(), GradientTolerance, SmallestGradient);
        NamedTensors weights = engine.GetWeights(averaged: false);
        foreach ((string tensor, WeightTensor statistic) in file.Tensors.WithoutPrefix("after."))
        {
            double difference = Difference.Relative(statistic.Data, weights[tensor].Data);
            Assert.IsTrue(difference <= Tolerance, $"{tensor}: {difference}");
        }
    }

    [TestMethod]
    public void Lamb_takes_the_same_steps_as_timm()
    {
        NamedTensors golden = Fixture.Read("lamb").Tensors;
        TorchSharp.torch.Device device = Device;
        Operators.TensorRole[] roles = [Operators.TensorRole.Weight, Operators.TensorRole.Bias, Operators.TensorRole.Scale];
        Operators.TensorSpec[] specs =
            [.. roles.Select((role, i) => new Operators.TensorSpec($"p{i}", role, golden[$"step0.p{i}"].Shape.ToArray()))];
        using var matrices = new FlatTensors(specs[..1], device);
        using var vectors = new FlatTensors(specs[1..], device);
        FlatTensors[] groups = [matrices, vectors];
        var recipe = new TrainingRecipe { Optimizer = OptimizerKind.Lamb, WeightDecay = 0.05, Epsilon = 1e-6 };
        using var optimizer = new TorchOptimizer(groups, recipe, device);
        foreach (FlatTensors group in groups)
        {
            group.Set(golden, name => $"step0.{name}");
        }

        for (int step = 1; golden.TryGet($"step{step}.g0", out _); step++)
        {
            double norm = 0;
            foreach (FlatTensors group in groups)
            {
                using var gradient = new FlatTensors(group.Specs, device);
                gradient.Set(golden, name => $"step{step}.g{name[1..]}");
                group.Values.grad = gradient.Values;
                norm = double.Hypot(norm, gradient.Values.norm().item<float>());
            }

            optimizer.Step(4e-3, norm);
            var values = new NamedTensors();
            matrices.AddTo(values, name => name);
            vectors.AddTo(values, name => name);
            foreach ((string name, WeightTensor value) in values)
            {
                double difference = Difference.Relative(golden[$"step{step}.{name}"].Data, value.Data);
                Assert.IsTrue(difference <= 1e-6, $"{name} after step {step}: {difference}");
            }
        }

        Assert.AreEqual(6, optimizer.Steps);
    }
}
