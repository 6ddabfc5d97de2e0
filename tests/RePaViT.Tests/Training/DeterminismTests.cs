namespace RePaViT.Tests.Training;

[TestClass]
public sealed class DeterminismTests
{
    public static IEnumerable<object[]> Runs() =>
    [
        [TrainingRun.Architecture, OptimizerKind.AdamW],
        [TrainingRun.Architecture, OptimizerKind.Lamb],
        [TrainingRun.Architecture with { IdleRatio = null }, OptimizerKind.AdamW],
        [TrainingRun.Mixer, OptimizerKind.AdamW],
        [TrainingRun.Mixer with { IdleRatio = null }, OptimizerKind.Lamb],
    ];

    [TestMethod]
    [DynamicData(nameof(Runs))]
    public void Training_gives_the_same_bytes_on_any_number_of_threads(Architecture architecture, OptimizerKind optimizer)
    {
        TrainingRecipe recipe = TrainingRun.Recipe with { Optimizer = optimizer, BatchSize = 7 };
        byte[] expected = Train(architecture, recipe, threads: 1);
        foreach (int threads in new[] { 2, 3 })
        {
            TrainingRun.AssertSameBytes(expected, Train(architecture, recipe, threads), $"{threads} threads");
        }

        byte[] other = Train(architecture, recipe with { Seed = recipe.Seed + 1 }, threads: 1);
        Assert.IsFalse(expected.AsSpan().SequenceEqual(other), "Another seed made no difference.");
    }

    private static byte[] Train(Architecture architecture, TrainingRecipe recipe, int threads)
    {
        var trainer = new Trainer(architecture, recipe, new TrainerOptions { Threads = threads });
        TrainingResult result = trainer.Fit(TrainingRun.Dataset(40, seed: 1), TrainingRun.Dataset(9, seed: 2));
        return TrainingRun.Bytes(result.Model.Weights);
    }
}
