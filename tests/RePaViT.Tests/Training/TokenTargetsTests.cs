using RePaViT.Training;
using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training;

/// <summary>Targets of three images with three by three patches and two classes.</summary>
[TestClass]
public sealed class TokenTargetsTests
{
    private const int Side = 3;
    private const int Rows = 1 + Side * Side;
    private const int Classes = 2;
    private const float Tolerance = 1e-6f;

    private static readonly TokenLabels Options = TokenLabels.FromFile("not opened");
    private static readonly int[] Labels = [1, 0, 0];

    [TestMethod]
    public void Labels_are_blended_with_those_of_the_data_set_and_smoothed()
    {
        TrainingBatch batch = Fill(Options with { MixToken = false, LabelShare = 0.25 }, smoothing: 0.2);

        // 0.75 of the source's 0.5 and 0.25 of the data set's 1; then 0.8 of that and half of 0.2.
        AssertRow(batch, 0, 0, 0.8f * 0.375f + 0.1f, 0.8f * 0.625f + 0.1f);
        AssertRow(batch, 1, 0, 0.8f * 0.625f + 0.1f, 0.8f * 0.375f + 0.1f);
        AssertRow(batch, 2, 4, 0.8f * LabelOf(2, 4) + 0.1f, 0.8f * (1 - LabelOf(2, 4)) + 0.1f);
        Assert.AreEqual(0, batch.Exchanged.Area);
    }

    [TestMethod]
    public void Patches_in_the_box_have_the_labels_of_the_partner_and_images_a_share()
    {
        // Boxes of every size come up.
        var areas = new HashSet<int>();
        for (int seed = 0; seed < 40; seed++)
        {
            TrainingBatch batch = Fill(Options with { LabelShare = 1 }, smoothing: 0, seed);
            CutBox box = batch.Exchanged;
            areas.Add(box.Area);
            float kept = 1 - box.Area / 9f;
            AssertRow(batch, 0, 0, 1 - kept, kept);
            AssertRow(batch, 1, 0, 1, 0);
            AssertRow(batch, 2, 0, kept, 1 - kept);
            for (int patch = 0; patch < Side * Side; patch++)
            {
                (int y, int x) = Math.DivRem(patch, Side);
                bool isInside = y >= box.Top && y < box.Bottom && x >= box.Left && x < box.Right;
                for (int image = 0; image < 3; image++)
                {
                    float expected = LabelOf(isInside ? 2 - image : image, 1 + patch);
                    AssertRow(batch, image, 1 + patch, expected, 1 - expected);
                }
            }
        }

        Assert.IsGreaterThan(2, areas.Count);
    }

    [TestMethod]
    public void The_same_key_gives_the_same_box()
        => Assert.AreEqual(Fill(Options, 0, seed: 5).Exchanged, Fill(Options, 0, seed: 5).Exchanged);

    private static TrainingBatch Fill(TokenLabels options, double smoothing, int seed = 0)
    {
        var targets = new TokenTargets(new Source(), options, Side, Classes);
        Assert.AreEqual(Rows * Classes, targets.Length);
        var batch = new TrainingBatch(3, 1, targets.Length) { Count = 3 };
        ImageView[] views = [.. Enumerable.Range(0, 3).Select(i => new ImageView(i, AffineTransform.Identity))];
        targets.Fill(batch, views, Labels, share: 1, smoothing, new BatchKey((ulong)seed, 0, 0));
        return batch;
    }

    /// <summary>Another one for each row but the first.</summary>
    private static float LabelOf(int image, int row) => row == 0 ? 0.5f : (image * Rows + row) / 32f;

    private static void AssertRow(TrainingBatch batch, int image, int row, params float[] expected)
    {
        for (int i = 0; i < Classes; i++)
        {
            float actual = batch.Targets[(image * Rows + row) * Classes + i];
            Assert.IsTrue(Math.Abs(expected[i] - actual) <= Tolerance, $"image {image}, row {row}: {actual}, not {expected[i]}");
        }
    }

    private sealed class Source : ITokenLabelSource
    {
        public string Identity => "";

        public bool NeedsPixels => false;

        public void Fill(ImageView[] views, float[] pixels, int patchesPerSide, float[] targets)
        {
            for (int i = 0; i < views.Length * Rows; i++)
            {
                float first = LabelOf(i / Rows, i % Rows);
                (targets[Classes * i], targets[Classes * i + 1]) = (first, 1 - first);
            }
        }

        public void Dispose()
        {
        }
    }
}
