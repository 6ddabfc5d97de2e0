namespace RePaViT.Training;

/// <summary>
/// The learning rate over time: it rises linearly from <paramref name="warmupRate"/> during the warm-up, then follows
/// min + (base - min) (1 + cos(pi t / T)) / 2, where t counts from the start of training, warm-up included (timm's
/// CosineLRScheduler without warm-up prefix; SGDR, arXiv 1608.03983).
/// </summary>
internal sealed class CosineSchedule(
    double baseRate, double minimumRate, double warmupRate, double warmupEpochs, int epochs)
{
    /// <param name="recipe">Complete.</param>
    public CosineSchedule(TrainingRecipe recipe)
        : this(
            recipe.LearningRate,
            recipe.MinimumLearningRate,
            recipe.WarmupLearningRate,
            recipe.WarmupEpochs!.Value,
            recipe.Epochs!.Value)
    {
    }

    /// <param name="epoch">Epochs gone by, with their fraction.</param>
    public double LearningRate(double epoch)
    {
        if (epoch < warmupEpochs)
        {
            return warmupRate + epoch * ((baseRate - warmupRate) / warmupEpochs);
        }

        return minimumRate + 0.5 * (baseRate - minimumRate) * (1 + Math.Cos(Math.PI * Math.Min(epoch / epochs, 1)));
    }
}
