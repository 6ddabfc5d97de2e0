namespace RePaViT.Tests.Architectures;

[TestClass]
public sealed class NetworkCostTests
{
    /// <summary>Millions of parameters, measured on the reference implementation.</summary>
    [TestMethod]
    [DataRow("Tiny", 5.718, 5.736, 5.268, 4.381, 3.494)]
    [DataRow("Small", 22.051, 22.088, 20.268, 16.724, 13.181)]
    [DataRow("Base", 86.568, 86.642, 79.463, 65.298, 51.133)]
    [DataRow("Large", 304.328, 304.524, 279.088, 228.732, 178.376)]
    [DataRow("Huge", 632.201, 632.528, 579.649, 474.750, 369.852)]
    public void Parameters_are_those_of_the_reference(
        string preset, double vanilla, double trained, double quarter, double half, double threeQuarters)
    {
        Architecture architecture = Architecture.Preset(preset);

        Assert.AreEqual(vanilla, Millions(architecture with { IdleRatio = null }, NetworkForm.Trained));
        Assert.AreEqual(trained, Millions(architecture with { IdleRatio = 0.25 }, NetworkForm.Trained));
        Assert.AreEqual(trained, Millions(architecture with { IdleRatio = 0.75 }, NetworkForm.Trained));
        Assert.AreEqual(quarter, Millions(architecture with { IdleRatio = 0.25 }, NetworkForm.Deployed));
        Assert.AreEqual(half, Millions(architecture with { IdleRatio = 0.5 }, NetworkForm.Deployed));
        Assert.AreEqual(threeQuarters, Millions(architecture with { IdleRatio = 0.75 }, NetworkForm.Deployed));
    }

    /// <summary>
    /// 10^9 multiply-adds in the paper's tables. They are rounded to 0.1, and count normalizations as well, which add
    /// between 0.1 and 0.3 percent.
    /// </summary>
    [TestMethod]
    [DataRow("Tiny", 1.1, 0.6)]
    [DataRow("Small", 4.3, 2.5)]
    [DataRow("Base", 16.9, 9.9)]
    [DataRow("Large", 59.7, 34.9)]
    [DataRow("Huge", 124.3, 72.6)]
    public void Multiply_adds_are_those_of_the_paper(string preset, double trained, double deployed)
    {
        Architecture architecture = Architecture.Preset(preset);

        AssertNear(trained, (architecture with { IdleRatio = null }).Cost(NetworkForm.Trained));
        AssertNear(trained, architecture.Cost(NetworkForm.Trained));
        AssertNear(deployed, architecture.Cost(NetworkForm.Deployed));

        static void AssertNear(double paper, NetworkCost cost)
        {
            double difference = Math.Abs(cost.WeightMultiplyAdds / 1e9 - paper);
            Assert.IsTrue(difference <= 0.05 + 0.003 * paper, $"{cost.WeightMultiplyAdds} instead of {paper} billion");
        }
    }

    [TestMethod]
    public void Multiply_adds_are_counted_product_by_product()
    {
        // 4 patches of 12 samples; 5 tokens of 6 channels, 24 hidden of which 6 active; 2 blocks; 3 classes.
        ViTArchitecture architecture = new() { ImageSize = 4, PatchSize = 2, Dim = 6, Depth = 2, Heads = 2, Classes = 3 };
        const long Embedding = 4 * 12 * 6;
        const long Attention = 5 * (6 * 18 + 6 * 6);
        const long Head = 6 * 3;

        Assert.AreEqual(
            Embedding + 2 * (Attention + 5 * 2 * 6 * 24) + Head, architecture.Cost(NetworkForm.Trained).WeightMultiplyAdds);
        Assert.AreEqual(
            Embedding + 2 * (Attention + 5 * 3 * 6 * 6) + Head, architecture.Cost(NetworkForm.Deployed).WeightMultiplyAdds);
    }

    [TestMethod]
    public void Multiply_adds_of_attention_are_counted_apart()
    {
        NetworkCost cost = ViTArchitecture.Tiny.Cost(NetworkForm.Deployed);

        Assert.AreEqual(12L * 2 * 197 * 197 * 192, cost.AttentionMultiplyAdds);
        Assert.AreEqual(cost.WeightMultiplyAdds + cost.AttentionMultiplyAdds, cost.MultiplyAdds);
    }

    [TestMethod]
    public void Without_active_channels_only_the_merged_matrix_is_left()
    {
        ViTArchitecture architecture = ViTArchitecture.Tiny with { IdleRatio = 1 };
        long others = architecture.Cost(NetworkForm.Trained).Parameters - 12 * (2 * (192 + 768) + 2 * 192 * 768 + 768 + 192);

        Assert.AreEqual(others + 12 * (192 * 192 + 192), architecture.Cost(NetworkForm.Deployed).Parameters);
    }

    private static double Millions(Architecture architecture, NetworkForm form)
        => Math.Round(architecture.Cost(form).Parameters / 1e6, 3);
}
