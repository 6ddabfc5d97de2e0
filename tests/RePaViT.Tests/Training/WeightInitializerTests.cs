using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Tests.Training;

[TestClass]
public sealed class WeightInitializerTests
{
    private static readonly IReadOnlyList<Layer> Layers =
        new ViTArchitecture { ImageSize = 32, PatchSize = 8, Dim = 48, Depth = 2, Heads = 3, Classes = 5 }.Layers(NetworkForm.Trained);

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void Every_tensor_starts_as_its_role_says(Architecture architecture)
    {
        IReadOnlyList<Layer> layers = architecture.Layers(NetworkForm.Trained);
        NamedTensors weights = WeightInitializer.Create(layers, seed: 1);

        Network.ThrowUnlessFits(weights, layers);
        foreach (TensorSpec spec in layers.SelectMany(layer => layer.Tensors))
        {
            float[] values = weights[spec.Name].Data.ToArray();
            switch (spec.Role)
            {
                case TensorRole.Weight or TensorRole.Embedding:
                    Assert.IsTrue(values.Distinct().Count() > values.Length * 0.9, spec.Name);
                    break;
                case TensorRole.Scale or TensorRole.RunningVariance:
                    Assert.IsTrue(values.All(value => value == 1), spec.Name);
                    break;
                default:
                    Assert.IsTrue(values.All(value => value == 0), spec.Name);
                    break;
            }
        }
    }

    [TestMethod]
    public void Matrices_are_normal_with_a_deviation_of_2_percent()
    {
        float[] values = WeightInitializer.Create(Layers, seed: 2)["blocks.0.mlp.fc1.weight"].Data.ToArray();

        double mean = values.Average(value => (double)value);
        double deviation = Math.Sqrt(values.Average(value => (double)value * value));

        // 9216 draws estimate both to about 1 percent of the deviation.
        Assert.IsTrue(Math.Abs(mean) <= 1e-3, $"{mean}");
        Assert.IsTrue(Math.Abs(deviation - 0.02) <= 6e-4, $"{deviation}");
    }

    [TestMethod]
    public void Filters_are_uniform_within_their_fan_in()
    {
        float[] values = WeightInitializer.Create(Layers, seed: 2)["patch_embed.proj.weight"].Data.ToArray();

        double bound = 1 / Math.Sqrt(3 * 8 * 8);
        double deviation = Math.Sqrt(values.Average(value => (double)value * value));
        Assert.IsTrue(values.All(value => Math.Abs(value) <= bound));
        Assert.IsTrue(Math.Abs(deviation - bound / Math.Sqrt(3)) <= 0.03 * bound, $"{deviation}");
    }

    [TestMethod]
    public void Weights_follow_from_the_seed_alone()
    {
        NamedTensors first = WeightInitializer.Create(Layers, seed: 3);
        NamedTensors again = WeightInitializer.Create(Layers, seed: 3);
        NamedTensors other = WeightInitializer.Create(Layers, seed: 4);

        foreach ((string name, WeightTensor tensor) in first)
        {
            Assert.IsTrue(tensor.Data.SequenceEqual(again[name].Data), name);
        }

        Assert.IsFalse(first["head.weight"].Data.SequenceEqual(other["head.weight"].Data));
        Assert.IsFalse(first["blocks.0.attn.proj.weight"].Data.SequenceEqual(first["blocks.1.attn.proj.weight"].Data));
    }
}
