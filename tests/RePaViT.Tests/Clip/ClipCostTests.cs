using System.Globalization;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Clip;

/// <summary>The cost of CLIP's image towers up to the embedding, without vectors of classes: counted by hand, and in the paper's table 9.</summary>
[TestClass]
public sealed class ClipCostTests
{
    /// <summary>Half of the last digit, of numbers that were rounded to two digits before, as OpenCLIP prints them: 87.849 became 87.9.</summary>
    private const double PaperRounding = 0.055;

    private const int Dim = 768;
    private const int Hidden = 4 * Dim;
    private const int Blocks = 12;
    private const int EmbeddingLength = 512;
    private const int ImageSize = 224;

    [TestMethod]
    [DataRow(32, null, 87.9, 4.4)]
    [DataRow(32, 0.5, 66.6, 3.4)]
    [DataRow(32, 0.75, 52.4, 2.6)]
    [DataRow(16, null, 86.2, 17.6)]
    [DataRow(16, 0.5, 64.9, 13.4)]
    [DataRow(16, 0.75, 50.8, 10.6)]
    public void A_tower_costs_what_the_paper_and_the_page_say(int patch, double? idleRatio, double paperParameters, double paperMultiplyAdds)
    {
        (long parameters, long multiplyAdds) = Count(patch, idleRatio);

        NetworkCost cost = Tower(patch, idleRatio).Cost(NetworkForm.Deployed);
        Assert.AreEqual(parameters, cost.Parameters - EmbeddingLength);
        Assert.AreEqual(multiplyAdds, cost.MultiplyAdds - EmbeddingLength);

        Assert.IsTrue(Math.Abs(paperParameters - parameters / 1e6) <= PaperRounding, $"{parameters}");
        Assert.IsTrue(Math.Abs(paperMultiplyAdds - multiplyAdds / 1e9) <= PaperRounding, $"{multiplyAdds}");

        string name = idleRatio is double ratio ? $"deployed, {ratio.ToString(CultureInfo.InvariantCulture)} idle" : "vanilla";
        string row = string.Create(
            CultureInfo.InvariantCulture,
            $"| B/{patch}, {name} | {parameters / 1e6:F2} | {paperParameters:F1} | {multiplyAdds / 1e9:F2} | {paperMultiplyAdds:F1} |");
        string page = File.ReadAllText(Path.Combine(SourceFiles.Repository, "docs", "clip.md"));
        Assert.IsTrue(page.Contains(row, StringComparison.Ordinal), $"The page does not say '{row}'.");
    }

    [TestMethod]
    [DataRow(32, 87_849_216)]
    [DataRow(16, 86_192_640)]
    public void A_vanilla_tower_has_the_parameters_of_the_published_one(int patch, long published)
        => Assert.AreEqual(published, Tower(patch, null).Cost(NetworkForm.Trained).Parameters - EmbeddingLength);

    [TestMethod]
    public void Normalizations_add_two_parameters_for_each_channel()
    {
        Assert.AreEqual(
            Tower(32, null).Cost(NetworkForm.Trained).Parameters + Blocks * 2 * Hidden, Tower(32, 0.5).Cost(NetworkForm.Trained).Parameters);
        Assert.AreEqual(
            Tower(32, 0.5).Cost(NetworkForm.Deployed).Parameters + Blocks * 2 * Dim,
            (Tower(32, 0.5) with { FeedForwardNorm = FeedForwardNorm.LayerNorm }).Cost(NetworkForm.Deployed).Parameters);
    }

    private static ViTArchitecture Tower(int patch, double? idleRatio) => ViTArchitecture.Base with
    {
        ImageSize = ImageSize, PatchSize = patch, ProjectionDim = EmbeddingLength, Classes = 1, IdleRatio = idleRatio,
    };

    /// <summary>Counted by hand: the deployed form has M [dim, dim], b, and two matrices of the active channels.</summary>
    private static (long Parameters, long MultiplyAdds) Count(int patch, double? idleRatio)
    {
        long patches = ImageSize / patch * (ImageSize / patch);
        long tokens = patches + 1;
        long active = idleRatio is double ratio ? (long)((1 - ratio) * Hidden) : Hidden;
        long merged = idleRatio is null ? 0 : Dim * Dim;
        long filters = 3L * patch * patch * Dim;
        long attention = 4L * Dim * Dim;
        long feedForward = 2L * active * Dim + merged;

        // Normalizations in front of attention, and in front of a vanilla feed-forward layer.
        long norms = idleRatio is null ? 4 * Dim : 2 * Dim;
        long biases = 4 * Dim + active + Dim;
        long projection = (long)Dim * EmbeddingLength;
        long parameters = filters + Dim + tokens * Dim + 2 * Dim + Blocks * (attention + feedForward + norms + biases) + 2 * Dim + projection;
        long multiplyAdds = patches * filters + Blocks * (tokens * (attention + feedForward) + 2 * tokens * tokens * Dim) + projection;
        return (parameters, multiplyAdds);
    }
}
