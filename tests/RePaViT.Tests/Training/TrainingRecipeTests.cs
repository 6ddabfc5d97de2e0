namespace RePaViT.Tests.Training;

[TestClass]
public sealed class TrainingRecipeTests
{
    [TestMethod]
    public void Defaults_and_the_paper_are_accepted()
    {
        new TrainingRecipe().Validate();
        TrainingRecipe.Paper.Validate();
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
        AssertRefused(recipe with { WarmupEpochs = recipe.Epochs + 1 }, nameof(recipe.WarmupEpochs));
        AssertRefused(recipe with { WarmupEpochs = double.NaN }, nameof(recipe.WarmupEpochs));
        AssertRefused(recipe with { WeightDecay = -0.1 }, nameof(recipe.WeightDecay));
        AssertRefused(recipe with { Beta1 = 1 }, nameof(recipe.Beta1));
        AssertRefused(recipe with { Beta2 = double.NaN }, nameof(recipe.Beta2));
        AssertRefused(recipe with { Epsilon = 0 }, nameof(recipe.Epsilon));
        AssertRefused(recipe with { GradientClipNorm = 0 }, nameof(recipe.GradientClipNorm));
        AssertRefused(recipe with { DropPathRate = 1 }, nameof(recipe.DropPathRate));
        AssertRefused(recipe with { LabelSmoothing = -0.1 }, nameof(recipe.LabelSmoothing));
        AssertRefused(recipe with { EmaDecay = 1 }, nameof(recipe.EmaDecay));
        AssertRefused(recipe with { EarlyStoppingPatience = 0 }, nameof(recipe.EarlyStoppingPatience));
    }

    private static void AssertRefused(TrainingRecipe recipe, string name)
        => StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(recipe.Validate).Message, name);
}
