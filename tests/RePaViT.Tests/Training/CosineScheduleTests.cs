using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public sealed class CosineScheduleTests
{
    [TestMethod]
    public void Learning_rates_are_those_of_timm()
    {
        ReadOnlySpan<float> golden = Safetensors.Read("Fixtures/cosine.safetensors").Tensors["lr"].Data;
        var schedule = new CosineSchedule(TrainingRecipe.Paper(ViTArchitecture.Base));
        Assert.AreEqual(300, golden.Length);
        for (int epoch = 0; epoch < golden.Length; epoch++)
        {
            // The file's doubles were read as floats: 24 bits of mantissa are left.
            double difference = Math.Abs(schedule.LearningRate(epoch) - golden[epoch]);
            Assert.IsTrue(difference <= golden[epoch] * Math.Pow(2, -24), $"epoch {epoch}: {difference}");
        }
    }

    [TestMethod]
    public void Warm_up_is_linear_and_the_end_is_the_minimum()
    {
        var schedule = new CosineSchedule(baseRate: 1, minimumRate: 0.1, warmupRate: 0.2, warmupEpochs: 0.5, epochs: 2);
        Assert.AreEqual(0.2, schedule.LearningRate(0), 1e-15);
        Assert.AreEqual(0.6, schedule.LearningRate(0.25), 1e-15);
        Assert.AreEqual(0.55, schedule.LearningRate(1), 1e-15);
        Assert.AreEqual(0.1, schedule.LearningRate(2), 1e-15);
        Assert.AreEqual(0.1, schedule.LearningRate(3), 1e-15);
    }

    [TestMethod]
    public void Without_warm_up_it_starts_at_the_base_rate()
        => Assert.AreEqual(1, new CosineSchedule(1, 0, 0.5, warmupEpochs: 0, epochs: 3).LearningRate(0));
}
