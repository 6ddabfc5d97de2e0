using RePaViT.Benchmarks;
using RePaViT.Tests.Training;

namespace RePaViT.Tests.Benchmarks;

[TestClass]
public sealed class TransferTests
{
    [TestMethod]
    public void Half_of_the_classes_are_pretrained_on_and_the_others_are_the_target()
    {
        var task = TransferTask.Create(TrainingRun.Dataset(60, seed: 1, classes: 6), TrainingRun.Dataset(30, seed: 2, classes: 6));
        CollectionAssert.AreEqual(new[] { "class 0", "class 2", "class 4" }, task.Pretraining.ClassNames.ToArray());
        CollectionAssert.AreEqual(new[] { "class 1", "class 3", "class 5" }, task.Target.ClassNames.ToArray());
        IImageDataset drawn = task.Draw(9, seed: 3);
        CollectionAssert.AreEqual(new[] { 3, 3, 3 }, drawn.CountLabels());

        RePaViTModel pretrained = TransferCommand.Pretrain(task, TrainingRun.Architecture, epochs: 1, path: null);
        TransferReport report = TransferCommand.Run(task, pretrained, [9], seed: 0);
        TransferRow row = report.Rows.Single();
        Assert.AreEqual(9, row.Images);
        Assert.AreEqual(TransferMethod.Linear, row.AutoMethod);
        foreach (Measured measured in new[] { row.Scratch, row.Linear, row.Auto, row.FineTune })
        {
            Assert.IsTrue(measured.Accuracy is >= 0 and <= 1, $"{row}");
        }
    }
}
