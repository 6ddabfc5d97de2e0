using RePaViT.Training;

namespace RePaViT.Benchmarks.Verification;

/// <summary>The learning rate at the start of each epoch, as timm's scheduler gives it.</summary>
internal static class CosineFixture
{
    public static Check? Compare(GoldenFile file, double tolerance)
    {
        Settings settings = file.Config<Settings>();
        ReadOnlySpan<float> expected = file.Tensor("lr").Data;
        if (settings.Epochs < 1 || expected.Length != settings.Epochs)
        {
            throw new InvalidDataException($"'lr' has {expected.Length} values, but there are {settings.Epochs} epochs.");
        }

        var schedule = new CosineSchedule(
            settings.BaseLr, settings.MinLr, settings.WarmupLr, settings.WarmupEpochs, settings.Epochs);
        float[] actual = new float[settings.Epochs];
        for (int epoch = 0; epoch < actual.Length; epoch++)
        {
            actual[epoch] = (float)schedule.LearningRate(epoch);
        }

        var comparison = new Comparison("learning rates", tolerance);
        comparison.Add("lr", expected, actual);
        return comparison.Result;
    }

    private sealed record Settings
    {
        public required int Epochs { get; init; }

        public required double BaseLr { get; init; }

        public required double MinLr { get; init; }

        public required double WarmupEpochs { get; init; }

        public required double WarmupLr { get; init; }
    }
}
