using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training;

/// <summary>Learning rates that fall from the head to the first block.</summary>
[TestClass]
public sealed class LayerRatesTests
{
    [TestMethod]
    public void Rates_fall_block_by_block()
    {
        ViTArchitecture architecture = TrainingRun.Architecture;
        var rates = LayerRates.Of(architecture.CreateNetwork(seed: 0), new TrainingRecipe { LayerDecay = 0.5 });
        Assert.AreEqual(1, rates.RateOf("head.weight"));
        Assert.AreEqual(1, rates.RateOf("norm.bias"));
        Assert.AreEqual(0.5, rates.RateOf("blocks.1.mlp.fc1.weight"));
        Assert.AreEqual(0.5, rates.RateOf("blocks.1.attn.qkv.weight"));
        Assert.AreEqual(0.25, rates.RateOf("blocks.0.mlp.fc2.bias"));
        Assert.AreEqual(0.125, rates.RateOf("pos_embed"));
        Assert.AreEqual(0.125, rates.RateOf("patch_embed.proj.weight"));
    }

    [TestMethod]
    [DynamicData(nameof(TrainingRun.Families), typeof(TrainingRun))]
    public void All_families_are_counted_from_the_head_to_what_comes_before_the_blocks(Architecture architecture)
    {
        int[] distances = LayerRates.Distances(architecture.Layers(NetworkForm.Trained));
        Assert.AreEqual(architecture.BlockCount + 1, distances[0]);
        Assert.AreEqual(0, distances[^1]);
        CollectionAssert.AreEqual(distances.OrderDescending().ToArray(), distances);
        CollectionAssert.AreEqual(
            Enumerable.Range(0, architecture.BlockCount + 2).ToArray(), distances.Distinct().Order().ToArray());
    }

    /// <summary>Adam's first step is the learning rate, whatever the gradient.</summary>
    [TestMethod]
    public void A_step_is_as_long_as_the_rate_of_its_block()
    {
        const double Rate = 1e-3;
        var recipe = new TrainingRecipe { LayerDecay = 0.5, WeightDecay = 0, GradientClipNorm = null };
        ArrayParameter[] parameters = [.. TrainingRun.Architecture.Layers(NetworkForm.Trained)
            .SelectMany(layer => layer.Tensors).Where(spec => spec.IsTrained)
            .Select(spec => new ArrayParameter(spec, new float[spec.Length]))];
        foreach (ArrayParameter parameter in parameters)
        {
            parameter.Gradient.Fill(2);
        }

        var rates = LayerRates.Of(TrainingRun.Architecture.CreateNetwork(seed: 0), recipe);
        Optimizer.Create(parameters, recipe, threads: 2, rates).Step(Rate);
        foreach (ArrayParameter parameter in parameters)
        {
            double expected = -Rate * rates.RateOf(parameter.Spec.Name);

            // Epsilon beside a gradient of 2, and roundings to float.
            Assert.IsTrue(Math.Abs(parameter.Value[0] - expected) <= 1e-6 * Math.Abs(expected), $"{parameter.Spec.Name}: {parameter.Value[0]}");
        }
    }

    [TestMethod]
    public void A_decay_of_1_is_the_same_rate_everywhere()
    {
        InMemoryImageDataset images = TrainingRun.Dataset(12, seed: 1);
        TrainingRecipe recipe = TrainingRun.Recipe with { Epochs = 1 };
        RePaViTModel expected = new Trainer(TrainingRun.Architecture, recipe).Fit(images).Model;
        RePaViTModel actual = new Trainer(TrainingRun.Architecture, recipe with { LayerDecay = 1 }).Fit(images).Model;
        TrainingRun.AssertSameBytes(TrainingRun.Bytes(expected.Weights), TrainingRun.Bytes(actual.Weights), "weights");
    }
}
