using RePaViT.Benchmarks;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class PretrainCommandTests
{
    [TestMethod]
    public void Each_seed_is_measured_in_every_way()
    {
        var images = new PretrainImages(TrainingRun.Dataset(20, seed: 1), TrainingRun.Dataset(40, seed: 2), TrainingRun.Dataset(30, seed: 3));
        var options = new SelfDistillation { Epochs = 1, BatchSize = 10, LocalCrops = 1, Prototypes = 8, HiddenDim = 8 };
        var reported = new List<PretrainRow>();

        PretrainReport report = PretrainCommand.Run(
            TrainingRun.Architecture, images, labeled: 20, seeds: [5, 6], new TrainerOptions(), options, reported.Add);

        CollectionAssert.AreEqual(reported, report.Rows.ToArray());
        CollectionAssert.AreEqual(new ulong[] { 5, 6 }, report.Rows.Select(row => row.Seed).ToArray());
        foreach (PretrainRow row in report.Rows)
        {
            Assert.AreEqual(18, row.LabeledImages);
            foreach (Measured measured in new[] { row.Scratch, row.Untrained, row.Pretrained, row.Linear, row.Transfer })
            {
                Assert.IsTrue(measured.Accuracy is >= 0 and <= 1, $"{row}");
            }
        }

        Assert.Throws<ArgumentException>(() => PretrainCommand.Run(
            TrainingRun.Architecture, images, labeled: 20, seeds: [], new TrainerOptions(), options, reported.Add));
    }
}
