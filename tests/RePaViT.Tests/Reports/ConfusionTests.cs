using RePaViT.Models;
using RePaViT.Reports;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Reports;

[TestClass]
public sealed class ConfusionTests
{
    private static readonly int[] Labels = [0, 0, 0, 1, 1, 2];
    private static readonly int[] Predicted = [0, 1, 0, 1, 1, 0];

    [TestMethod]
    public void Precision_recall_and_F1_are_those_counted_by_hand()
    {
        InMemoryImageDataset training = TestImages.Dataset(count: 7, size: 4, classes: 3);

        IReadOnlyList<ReportClass> classes = Confusion.Classes(Answers(), training);

        AssertClass(classes[0], trained: 3, precision: 2.0 / 3, recall: 2.0 / 3, f1: 2.0 / 3);
        AssertClass(classes[1], trained: 2, precision: 2.0 / 3, recall: 1, f1: 0.8);
        AssertClass(classes[2], trained: 2, precision: null, recall: 0, f1: 0);
        Assert.AreEqual("class 1", classes[1].Name);
    }

    [TestMethod]
    public void A_class_without_images_has_neither()
        => Assert.AreEqual((null, null, null), (Empty.Precision, Empty.Recall, Empty.F1));

    [TestMethod]
    public void Only_cells_with_images_are_kept() => CollectionAssert.AreEqual(
        new ReportConfusion[] { new(0, 0, 2), new(0, 1, 1), new(1, 1, 2), new(2, 0, 1) }, Confusion.Cells(Answers()).ToArray());

    private static ReportClass Empty => new("none", 4, 0, 0, 0);

    private static void AssertClass(ReportClass actual, int trained, double? precision, double? recall, double? f1)
    {
        Assert.AreEqual(trained, actual.TrainingImages);
        Assert.AreEqual(precision, actual.Precision);
        Assert.AreEqual(recall, actual.Recall);
        Assert.AreEqual(f1!.Value, actual.F1!.Value, 1e-15, "A quotient of whole numbers.");
    }

    private static LabeledLogits Answers()
    {
        float[] logits = new float[3 * Labels.Length];
        for (int i = 0; i < Labels.Length; i++)
        {
            logits[3 * i + Predicted[i]] = 1;
        }

        return new LabeledLogits(logits, Labels);
    }
}
