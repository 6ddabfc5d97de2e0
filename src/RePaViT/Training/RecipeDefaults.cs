namespace RePaViT.Training;

/// <summary>
/// The numbers that a recipe leaves to the number of images. A network learns by steps, of which few images make few in an epoch:
/// they get more epochs, of smaller batches. What all epochs cost grows with the root of the number of images, until 30 epochs
/// make 2000 steps.
/// </summary>
internal static class RecipeDefaults
{
    private const int SmallestBatch = 16;
    private const int LargestBatch = 64;

    private const int Steps = 2000;
    private const int FewestEpochs = 30;
    private const int MostEpochs = 300;

    private const double WarmupEpochs = 1;
    private const double GreatestWarmupShare = 0.05;

    /// <summary>Whether no number is left open.</summary>
    public static bool IsComplete(this TrainingRecipe recipe)
        => recipe is { BatchSize: not null, Epochs: not null, WarmupEpochs: not null };

    /// <summary>The recipe with a number in each place that it leaves open. What it says stays.</summary>
    /// <param name="recipe">A valid recipe.</param>
    /// <param name="images">Number of training images, at least 1.</param>
    public static TrainingRecipe Complete(this TrainingRecipe recipe, int images)
    {
        int batchSize = recipe.BatchSize ?? ChooseBatchSize(images);
        int epochs = recipe.Epochs ?? ChooseEpochs(RunDescription.StepsOf(images / batchSize, recipe.GradientAccumulation));
        return recipe with
        {
            BatchSize = batchSize,
            Epochs = epochs,
            WarmupEpochs = recipe.WarmupEpochs ?? Math.Min(WarmupEpochs, GreatestWarmupShare * epochs),
        };
    }

    /// <summary>The square root of the number of images, within limits.</summary>
    public static int ChooseBatchSize(int images)
    {
        int root = (int)Math.Round(Math.Sqrt(images));
        return Math.Clamp(images, 2, Math.Clamp(root, SmallestBatch, LargestBatch));
    }

    /// <param name="stepsPerEpoch">0 where a batch has more images than there are, which is refused later.</param>
    private static int ChooseEpochs(int stepsPerEpoch)
        => Math.Clamp((int)Math.Ceiling(Steps / Math.Max(stepsPerEpoch, 1.0)), FewestEpochs, MostEpochs);
}
