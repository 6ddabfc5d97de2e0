using RePaViT.Tests.Support;

namespace RePaViT.Tests.Data;

[TestClass]
public class ImagePreprocessingTests
{
    [TestMethod]
    public void The_centered_square_is_used()
    {
        // 8 x 4 pixels, half of the shorter side: the square of 2 x 2 pixels at (3, 1).
        RgbImage image = TestImages.Create(8, 4, (x, y, channel) => 10 * x + 100 * channel / 2 + y);
        float[] planes = new float[3 * 2 * 2];
        new ImagePreprocessing { CropFraction = 0.5 }.Prepare(image, 2, planes);
        float[] expected = [31, 41, 32, 42, 81, 91, 82, 92, 131, 141, 132, 142];
        CollectionAssert.AreEqual(expected, planes);
    }

    [TestMethod]
    public void Planes_are_normalized_by_channel()
    {
        var preprocessing = new ImagePreprocessing
        {
            Mean = new Rgb(0.5f, 0.25f, 0),
            StandardDeviation = new Rgb(0.5f, 0.25f, 2),
        };
        float[] planes = [255, 0, 255, 0, 255, 0];
        preprocessing.Normalize(planes);
        float[] expected = [1, -1, 3, -1, 0.5f, 0];
        for (int i = 0; i < planes.Length; i++)
        {
            Assert.IsTrue(Math.Abs(planes[i] - expected[i]) <= 1e-6f);
        }
    }

    [TestMethod]
    public void An_image_of_the_right_size_costs_no_allocation()
    {
        RgbImage image = TestImages.Random(16, 16, seed: 1);
        var preprocessing = new ImagePreprocessing();
        float[] planes = new float[3 * 16 * 16];
        preprocessing.Prepare(image, 16, planes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        preprocessing.Prepare(image, 16, planes);
        preprocessing.Normalize(planes);
        Assert.AreEqual(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [TestMethod]
    public void Any_crop_fraction_of_any_size_stays_inside_the_image()
    {
        var random = new Random(1);
        float[] planes = new float[3 * 3 * 3];
        for (int i = 0; i < 2000; i++)
        {
            RgbImage image = TestImages.Constant(random.Next(1, 40), random.Next(1, 40), 200);
            new ImagePreprocessing { CropFraction = 1 - random.NextDouble() }.Prepare(image, 3, planes);
            Assert.IsTrue(planes.All(value => Math.Abs(value - 200) <= 1e-3f));
        }
    }

    [TestMethod]
    [DataRow(40, 24, 20, 12)]
    [DataRow(24, 40, 12, 20)]
    [DataRow(25, 37, 12, 18)]
    [DataRow(12, 90, 12, 90)]
    [DataRow(7, 5, 7, 5)]
    public void The_shorter_side_is_reduced(int width, int height, int reducedWidth, int reducedHeight)
    {
        RgbImage image = new ImagePreprocessing { ReducedSide = 12 }.Reduce(TestImages.Random(width, height, seed: 1));
        Assert.AreEqual((reducedWidth, reducedHeight), (image.Width, image.Height));
    }

    [TestMethod]
    public void Reducing_beforehand_changes_nothing()
    {
        var preprocessing = new ImagePreprocessing { ReducedSide = 12, CropFraction = 0.9 };
        RgbImage image = TestImages.Random(40, 25, seed: 1);
        float[] whole = new float[3 * 8 * 8];
        preprocessing.Prepare(image, 8, whole);
        float[] reduced = new float[3 * 8 * 8];
        preprocessing.Prepare(preprocessing.Reduce(image), 8, reduced);
        CollectionAssert.AreEqual(whole, reduced);

        float[] direct = new float[3 * 8 * 8];
        (preprocessing with { ReducedSide = null }).Prepare(image, 8, direct);
        CollectionAssert.AreNotEqual(direct, reduced);
    }
}
