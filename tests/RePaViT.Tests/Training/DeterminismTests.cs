namespace RePaViT.Tests.Training;

[TestClass]
public sealed class DeterminismTests
{
    [TestMethod]
    [DataRow(OptimizerKind.AdamW, false)]
    [DataRow(OptimizerKind.Lamb, false)]
    [DataRow(OptimizerKind.AdamW, true)]
    public void Training_gives_the_same_bytes_on_any_number_of_threads(OptimizerKind optimizer, bool isVanilla)
    {
        TrainingRecipe recipe = TrainingRun.Recipe with { Optimizer = optimizer, BatchSize = 7 };
        ViTArchitecture architecture = TrainingRun.Architecture with { IdleRatio = isVanilla ? null : 0.7 };
        byte[] expected = Train(architecture, recipe, threads: 1);
        foreach (int threads in new[] { 2, 3 })
        {
            TrainingRun.AssertSameBytes(expected, Train(architecture, recipe, threads), $"{threads} threads");
        }

        byte[] other = Train(architecture, recipe with { Seed = recipe.Seed + 1 }, threads: 1);
        Assert.IsFalse(expected.AsSpan().SequenceEqual(other), "Another seed made no difference.");
    }

    private static byte[] Train(ViTArchitecture architecture, TrainingRecipe recipe, int threads)
    {
        var trainer = new Trainer(architecture, recipe, new TrainerOptions { Threads = threads });
        TrainingResult result = trainer.Fit(TrainingRun.Dataset(40, seed: 1), TrainingRun.Dataset(9, seed: 2));
        return TrainingRun.Bytes(result.Model.Weights);
    }
}
