using RePaViT.Data;
using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public class AugmentationTests
{
    [TestMethod]
    public void Drawn_boxes_have_the_area_and_aspect_ratio_that_were_asked_for()
    {
        var crop = new RandomResizedCrop { MinArea = 0.2, MaxArea = 0.6 };
        RgbImage image = TestImages.Constant(200, 150, 0);
        var random = new RandomStream(1, RandomPurpose.Augmentation);
        double meanArea = 0;
        const int draws = 2000;
        for (int i = 0; i < draws; i++)
        {
            ImageBox box = Augmentation.DrawBox(image, crop, ref random);
            double area = box.Width * box.Height / (200 * 150);
            meanArea += area / draws;
            Assert.IsTrue(box.X >= 0 && box.X + box.Width <= 200 && box.Y >= 0 && box.Y + box.Height <= 150);

            // Sides are rounded to whole pixels.
            Assert.IsTrue(area is > 0.195 and < 0.605);
            Assert.IsTrue(box.Width / box.Height is > 0.74 and < 1.35);
        }

        // Uniform area: the mean is 0.4, its deviation 0.4 / sqrt(12 * 2000) = 0.0026.
        Assert.IsTrue(Math.Abs(meanArea - 0.4) <= 0.011);
    }

    [TestMethod]
    public void Where_no_box_fits_the_greatest_centered_one_is_taken()
    {
        var random = new RandomStream(1, RandomPurpose.Augmentation);
        var crop = new RandomResizedCrop { MinArea = 1 };
        ImageBox box = Augmentation.DrawBox(TestImages.Constant(300, 3, 0), crop, ref random);
        Assert.AreEqual(new ImageBox(148, 0, 4, 3), box);
        box = Augmentation.DrawBox(TestImages.Constant(3, 300, 0), crop, ref random);
        Assert.AreEqual(new ImageBox(0, 148, 3, 4), box);
    }

    [TestMethod]
    public void Extreme_images_give_boxes_inside_them()
    {
        var random = new RandomStream(1, RandomPurpose.Augmentation);
        float[] planes = new float[3 * 4 * 4];
        for (int i = 0; i < 500; i++)
        {
            RgbImage image = TestImages.Constant(1 + random.NextInt32(60), 1 + random.NextInt32(4), 9);
            ImageBox box = Augmentation.DrawBox(image, new RandomResizedCrop { MinArea = 0.9 }, ref random);
            Resampler.Resize(image, box, 4, Interpolation.Bicubic, planes);
            Assert.IsTrue(planes.All(value => Math.Abs(value - 9) <= 1e-4));
        }
    }

    [TestMethod]
    public void A_shift_moves_every_pixel_and_fills_the_rest_with_the_mean()
    {
        const int size = 5;
        float[] original = [.. Enumerable.Range(1, 3 * size * size).Select(i => (float)i)];
        for (int right = 1 - size; right < size; right++)
        {
            for (int down = 1 - size; down < size; down++)
            {
                float[] planes = [.. original];
                Augmentation.Shift(planes, size, right, down);
                for (int i = 0; i < planes.Length; i++)
                {
                    int x = i % size - right;
                    int y = i / size % size - down;
                    bool inside = x is >= 0 and < size && y is >= 0 and < size;
                    Assert.AreEqual(inside ? original[(i / (size * size) * size + y) * size + x] : 0, planes[i]);
                }
            }
        }
    }

    [TestMethod]
    public void A_flip_mirrors_left_and_right()
    {
        float[] planes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        Augmentation.Mirror(planes, 2);
        float[] expected = [2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11];
        CollectionAssert.AreEqual(expected, planes);
    }

    [TestMethod]
    public void Flips_and_shifts_happen_as_often_as_asked_for()
    {
        // One bright pixel in the middle shows where everything went.
        const int size = 5;
        RgbImage image = TestImages.Create(size, size, (x, y, _) => x == 2 && y == 2 ? 255 : 0);
        var preprocessing = new ImagePreprocessing { Mean = default, StandardDeviation = new Rgb(1, 1, 1) };
        AugmentationOptions options = AugmentationOptions.None with { CropPadding = 1 };
        int[] counts = new int[size * size];
        float[] planes = new float[3 * size * size];
        for (int i = 0; i < 900; i++)
        {
            var random = new RandomStream(1, RandomPurpose.Augmentation, i);
            Augmentation.Apply(image, preprocessing, options, random, size, planes);
            counts[planes.AsSpan(0, size * size).IndexOf(1f)]++;
        }

        // Nine shifts, 100 times each; four deviations are 38.
        int[] reached = [.. counts.Where(count => count > 0)];
        Assert.HasCount(9, reached);
        Assert.IsTrue(reached.All(count => Math.Abs(count - 100) <= 38));

        image = TestImages.Create(size, size, (x, _, _) => x == 0 ? 255 : 0);
        options = AugmentationOptions.None with { HorizontalFlip = 0.25 };
        int flipped = 0;
        for (int i = 0; i < 1200; i++)
        {
            var random = new RandomStream(1, RandomPurpose.Augmentation, i);
            Augmentation.Apply(image, preprocessing, options, random, size, planes);
            flipped += planes[0] == 1 ? 0 : 1;
        }

        // 300 of 1200; four deviations are 60.
        Assert.IsTrue(Math.Abs(flipped - 300) <= 60);
    }

    [TestMethod]
    public void Unacceptable_options_are_refused_by_name()
    {
        var valid = new AugmentationOptions();
        valid.Validate();
        AugmentationOptions.None.Validate();
        Refused(valid with { CropPadding = -1 }, "CropPadding");
        Refused(valid with { CropPadding = 4 }, "ResizedCrop");
        Refused(valid with { HorizontalFlip = 1.5 }, "HorizontalFlip");
        Refused(valid with { HorizontalFlip = double.NaN }, "HorizontalFlip");
        Refused(valid with { MixupAlpha = -0.1 }, "MixupAlpha");
        Refused(valid with { CutmixAlpha = double.PositiveInfinity }, "CutmixAlpha");
        Refused(valid with { MixProbability = -1 }, "MixProbability");
        Refused(valid with { MixSwitchProbability = 2 }, "MixSwitchProbability");
        Refused(valid with { ResizedCrop = new() { MinArea = 0 } }, "MinArea");
        Refused(valid with { ResizedCrop = new() { MaxArea = 1.01 } }, "MaxArea");
        Refused(valid with { ResizedCrop = new() { MinAspectRatio = 2 } }, "MinAspectRatio");
        Refused(valid with { ResizedCrop = new() { MaxAspectRatio = double.NaN } }, "MaxAspectRatio");

        static void Refused(AugmentationOptions options, string name) => StringAssert.Contains(
            Assert.Throws<ArgumentException>(options.Validate).Message, name, StringComparison.Ordinal);
    }
}
