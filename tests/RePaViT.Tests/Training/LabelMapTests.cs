using RePaViT.Training;
using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training;

/// <summary>What patches read of a label map, with weights worked out by hand.</summary>
[TestClass]
public sealed class LabelMapTests
{
    private const float Tolerance = 1e-6f;

    private static readonly AffineTransform LeftHalf = new(0.5, 0, 0, 0, 1, 0);
    private static readonly AffineTransform Mirrored = new(-1, 0, 1, 0, 1, 0);

    [TestMethod]
    public void As_many_patches_as_places_read_one_each()
    {
        for (int patch = 0; patch < 9; patch++)
        {
            AssertWeights(new LabelMap(3, 3), AffineTransform.Identity, 3, patch, [.. Enumerable.Range(0, 9).Select(place => place == patch ? 1f : 0)]);
        }
    }

    [TestMethod]
    public void A_crop_of_the_left_half_reads_the_left_half()
    {
        // Two rows of four places; two by two patches on the left half of them.
        AssertWeights(new LabelMap(2, 4), LeftHalf, 2, patch: 0, [1, 0, 0, 0, 0, 0, 0, 0]);
        AssertWeights(new LabelMap(2, 4), LeftHalf, 2, patch: 1, [0, 1, 0, 0, 0, 0, 0, 0]);
        AssertWeights(new LabelMap(2, 4), LeftHalf, 2, patch: 3, [0, 0, 0, 0, 0, 1, 0, 0]);
    }

    [TestMethod]
    public void A_mirrored_image_reads_from_right_to_left()
    {
        AssertWeights(new LabelMap(2, 2), Mirrored, 2, patch: 0, [0, 1, 0, 0]);
        AssertWeights(new LabelMap(2, 4), LeftHalf.Of(Mirrored), 2, patch: 0, [0, 1, 0, 0, 0, 0, 0, 0]);
    }

    [TestMethod]
    public void A_patch_between_places_reads_both()
    {
        // One patch in the middle of the image, half as wide: its center is between four places.
        AssertWeights(new LabelMap(2, 2), new(0.5, 0, 0.25, 0, 0.5, 0.25), 1, patch: 0, [0.25f, 0.25f, 0.25f, 0.25f]);

        // Its center is at 0.625 of the width: 0.75 places behind the center of the first.
        AssertWeights(new LabelMap(1, 2), new(0.25, 0, 0.5, 0, 1, 0), 1, patch: 0, [0.25f, 0.75f]);
    }

    [TestMethod]
    public void A_patch_over_many_places_reads_their_average()
        => AssertWeights(new LabelMap(2, 4), AffineTransform.Identity, 1, patch: 0, [.. Enumerable.Repeat(0.125f, 8)]);

    [TestMethod]
    public void What_is_beyond_the_edge_is_what_is_at_the_edge()
        => AssertWeights(new LabelMap(2, 2), new(1, 0, -1, 0, 1, 0), 2, patch: 3, [0, 0, 1, 0]);

    [TestMethod]
    public void Weights_of_any_view_add_up_to_one()
    {
        var random = new Random(1);
        for (int i = 0; i < 50; i++)
        {
            var map = new LabelMap(random.Next(1, 9), random.Next(1, 9));
            var view = new AffineTransform(Next(), Next(), Next(), Next(), Next(), Next());
            float[] weights = new float[map.Places];
            map.Weigh(view, 3, random.Next(9), weights);
            Assert.IsTrue(weights.All(weight => weight >= 0) && Math.Abs(weights.Sum() - 1) <= 1e-5, $"{view}: {weights.Sum()}");
        }

        double Next() => 4 * random.NextDouble() - 2;
    }

    private static void AssertWeights(LabelMap map, AffineTransform view, int patchesPerSide, int patch, float[] expected)
    {
        float[] weights = [.. Enumerable.Repeat(float.NaN, map.Places)];
        map.Weigh(view, patchesPerSide, patch, weights);
        for (int place = 0; place < expected.Length; place++)
        {
            Assert.IsTrue(Math.Abs(expected[place] - weights[place]) <= Tolerance, $"{place}: {string.Join(" ", weights)}");
        }
    }
}
