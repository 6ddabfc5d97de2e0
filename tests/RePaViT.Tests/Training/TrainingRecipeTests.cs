namespace RePaViT.Tests.Training;

[TestClass]
public sealed class TrainingRecipeTests
{
    [TestMethod]
    public void What_the_library_offers_is_accepted()
    {
        new TrainingRecipe().Validate();
        TrainingRecipe.FineTune.Validate();
        foreach ((_, Architecture preset) in Architecture.Presets)
        {
            TrainingRecipe.Paper(preset).Validate();
        }
    }

    [TestMethod]
    [DataRow("Tiny", 4e-3, 0.1)]
    [DataRow("Small", 4e-3, 0.1)]
    [DataRow("Base", 4e-3, 0.1)]
    [DataRow("Large", 1e-3, 0.3)]
    [DataRow("Huge", 1e-3, 0.3)]
    [DataRow("Mixer-B16", 4e-3, 0.1)]
    [DataRow("Mixer-L16", 1e-3, 0.3)]
    public void The_paper_has_a_row_for_every_preset(string preset, double learningRate, double dropPathRate)
    {
        TrainingRecipe recipe = TrainingRecipe.Paper(Architecture.Preset(preset) with { IdleRatio = 0.75, Classes = 10 });
        Assert.AreEqual(learningRate, recipe.LearningRate);
        Assert.AreEqual(dropPathRate, recipe.DropPathRate);
        Assert.AreEqual(4096, recipe.BatchSize * recipe.GradientAccumulation);
        Assert.AreEqual(new RandAugment { Operations = 2, Magnitude = 9, MagnitudeDeviation = 0.5 }, recipe.Augmentation.RandAugment);
        Assert.AreEqual(0.25, recipe.Augmentation.RandomErasing);
        Assert.AreEqual(3, recipe.Augmentation.Repeats);
        Assert.AreEqual(0.8, recipe.Augmentation.MixupAlpha);
        Assert.AreEqual(1, recipe.Augmentation.CutmixAlpha);
    }

    [TestMethod]
    public void Values_out_of_range_are_refused_by_name()
    {
        var recipe = new TrainingRecipe();
        AssertRefused(recipe with { Epochs = 0 }, nameof(recipe.Epochs));
        AssertRefused(recipe with { BatchSize = 1 }, nameof(recipe.BatchSize));
        AssertRefused(recipe with { GradientAccumulation = 0 }, nameof(recipe.GradientAccumulation));
        AssertRefused(recipe with { Optimizer = (OptimizerKind)9 }, nameof(recipe.Optimizer));
        AssertRefused(recipe with { LearningRate = double.NaN }, nameof(recipe.LearningRate));
        AssertRefused(recipe with { LearningRate = 0 }, nameof(recipe.LearningRate));
        AssertRefused(recipe with { MinimumLearningRate = 1 }, nameof(recipe.MinimumLearningRate));
        AssertRefused(recipe with { WarmupLearningRate = -1 }, nameof(recipe.WarmupLearningRate));
        AssertRefused(recipe with { Epochs = 3, WarmupEpochs = 4 }, nameof(recipe.WarmupEpochs));
        AssertRefused(recipe with { WarmupEpochs = double.NaN }, nameof(recipe.WarmupEpochs));
        AssertRefused(recipe with { WeightDecay = -0.1 }, nameof(recipe.WeightDecay));
        AssertRefused(recipe with { Beta1 = 1 }, nameof(recipe.Beta1));
        AssertRefused(recipe with { Beta2 = double.NaN }, nameof(recipe.Beta2));
        AssertRefused(recipe with { Epsilon = 0 }, nameof(recipe.Epsilon));
        AssertRefused(recipe with { GradientClipNorm = 0 }, nameof(recipe.GradientClipNorm));
        AssertRefused(recipe with { DropPathRate = 1 }, nameof(recipe.DropPathRate));
        AssertRefused(recipe with { LabelSmoothing = -0.1 }, nameof(recipe.LabelSmoothing));
        AssertRefused(recipe with { EmaDecay = 1 }, nameof(recipe.EmaDecay));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new EarlyStopping(patience: 0));
    }

    private static void AssertRefused(TrainingRecipe recipe, string name)
        => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(recipe.Validate).Message, name);
}
