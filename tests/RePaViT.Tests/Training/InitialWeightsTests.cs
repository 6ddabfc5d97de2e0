using RePaViT.Architectures;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public sealed class InitialWeightsTests
{
    private static readonly IReadOnlyList<Layer> Layers =
        new ViTArchitecture { ImageSize = 32, PatchSize = 8, Dim = 48, Depth = 2, Heads = 3, Classes = 5 }.Layers(NetworkForm.Trained);

    [TestMethod]
    public void Every_tensor_starts_as_its_role_says()
    {
        NamedTensors weights = InitialWeights.Create(Layers, seed: 1);

        weights.ThrowUnlessFits(Layers);
        foreach (TensorSpec spec in Layers.SelectMany(layer => layer.Tensors))
        {
            float[] values = weights[spec.Name].Data.ToArray();
            switch (spec.Role)
            {
                case TensorRole.Weight or TensorRole.Embedding:
                    Assert.IsTrue(values.All(value => Math.Abs(value) <= 0.04f), spec.Name);
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
    public void Weights_have_the_moments_of_a_truncated_normal()
    {
        float[] values = InitialWeights.Create(Layers, seed: 2)["blocks.0.mlp.fc1.weight"].Data.ToArray();

        double mean = values.Average(value => (double)value);
        double deviation = Math.Sqrt(values.Average(value => (double)value * value));

        // A normal cut at 2 sigma keeps 0.8796 of its deviation; 9216 draws estimate it to 1 percent.
        Assert.IsTrue(Math.Abs(mean) <= 1e-3, $"{mean}");
        Assert.IsTrue(Math.Abs(deviation - 0.02 * 0.8796) <= 5e-4, $"{deviation}");
    }

    [TestMethod]
    public void Weights_follow_from_the_seed_alone()
    {
        NamedTensors first = InitialWeights.Create(Layers, seed: 3);
        NamedTensors again = InitialWeights.Create(Layers, seed: 3);
        NamedTensors other = InitialWeights.Create(Layers, seed: 4);

        foreach ((string name, WeightTensor tensor) in first)
        {
            Assert.IsTrue(tensor.Data.SequenceEqual(again[name].Data), name);
        }

        Assert.IsFalse(first["head.weight"].Data.SequenceEqual(other["head.weight"].Data));
        Assert.IsFalse(first["blocks.0.attn.proj.weight"].Data.SequenceEqual(first["blocks.1.attn.proj.weight"].Data));
    }
}
