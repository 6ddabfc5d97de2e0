using RePaViT.Data;
using RePaViT.Randomness;
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
        var mean = new Rgb(0.25f, 0.5f, 0.75f);
        float[] fill = [255 * mean.Red, 255 * mean.Green, 255 * mean.Blue];
        float[] original = [.. Enumerable.Range(1, 3 * size * size).Select(i => (float)i)];
        for (int right = 1 - size; right < size; right++)
        {
            for (int down = 1 - size; down < size; down++)
            {
                float[] planes = [.. original];
                Augmentation.Shift(planes, size, right, down, mean);
                for (int i = 0; i < planes.Length; i++)
                {
                    int x = i % size - right;
                    int y = i / size % size - down;
                    bool inside = x is >= 0 and < size && y is >= 0 and < size;
                    int channel = i / (size * size);
                    Assert.AreEqual(inside ? original[(channel * size + y) * size + x] : fill[channel], planes[i]);
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
    public void What_comes_in_from_outside_is_zero_for_the_network()
    {
        RgbImage image = TestImages.Constant(4, 4, 255);
        float[] planes = new float[3 * 4 * 4];
        AugmentationOptions options = AugmentationOptions.None with { CropPadding = 3 };
        var values = new HashSet<float>();
        for (int i = 0; i < 20; i++)
        {
            var random = new RandomStream(1, RandomPurpose.Augmentation, i);
            Augmentation.Apply(image, new ImagePreprocessing(), options, random, 4, planes);
            values.UnionWith(planes);
        }

        // One color for each channel, and nothing but 0 beside them.
        Assert.HasCount(4, values);
        Assert.Contains(0, values);
    }

    [TestMethod]
    public void Color_jitter_gives_way_to_RandAugment()
    {
        RgbImage image = TestImages.Random(8, 8, seed: 2);
        AugmentationOptions options = AugmentationOptions.None with { RandAugment = new() };
        float[] expected = new float[3 * 8 * 8];
        float[] actual = new float[3 * 8 * 8];
        for (int i = 0; i < 20; i++)
        {
            var random = new RandomStream(1, RandomPurpose.Augmentation, i);
            Augmentation.Apply(image, new ImagePreprocessing(), options, random, 8, expected);
            Augmentation.Apply(image, new ImagePreprocessing(), options with { ColorJitter = 0.4 }, random, 8, actual);
            CollectionAssert.AreEqual(expected, actual);
        }
    }

    [TestMethod]
    public void Eight_bit_operations_work_on_what_the_crop_and_the_flip_left()
    {
        // A jitter of strength 0 changes nothing, but takes the way over 8 bits.
        var preprocessing = new ImagePreprocessing { Mean = default, StandardDeviation = new Rgb(1, 1, 1) };
        var options = new AugmentationOptions();
        RgbImage image = TestImages.Random(40, 30, seed: 3);
        float[] floats = new float[3 * 9 * 9];
        float[] bytes = new float[3 * 9 * 9];
        var random = new RandomStream(1, RandomPurpose.Augmentation);
        Augmentation.Apply(image, preprocessing, options, random, 9, floats);
        Augmentation.Apply(image, preprocessing, options with { ColorJitter = 1e-9 }, random, 9, bytes);
        for (int i = 0; i < floats.Length; i++)
        {
            Assert.IsTrue(Math.Abs(bytes[i] * 255 - Math.Floor(floats[i] * 255 + 0.5)) <= 1.001);
        }
    }

    [TestMethod]
    public void Unacceptable_options_are_refused_by_name()
    {
        var valid = new AugmentationOptions();
        valid.Validate();
        AugmentationOptions.None.Validate();
        AugmentationOptions.DeiT.Validate();
        Refused(valid with { CropPadding = -1 }, "CropPadding");
        Refused(valid with { CropPadding = 4 }, "ResizedCrop");
        Refused(valid with { HorizontalFlip = 1.5 }, "HorizontalFlip");
        Refused(valid with { HorizontalFlip = double.NaN }, "HorizontalFlip");
        Refused(valid with { RandAugment = new() { Operations = 0 } }, "Operations");
        Refused(valid with { RandAugment = new() { Magnitude = 10.1 } }, "Magnitude");
        Refused(valid with { RandAugment = new() { MagnitudeDeviation = double.NaN } }, "MagnitudeDeviation");
        Refused(valid with { ColorJitter = -0.1 }, "ColorJitter");
        Refused(valid with { RandomErasing = 1.1 }, "RandomErasing");
        Refused(valid with { Repeats = 0 }, "Repeats");
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
