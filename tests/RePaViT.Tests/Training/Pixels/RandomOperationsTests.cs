using RePaViT.Randomness;
using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training.Pixels;

[TestClass]
public class RandomOperationsTests
{
    // Equalize does nothing on images of less than 256 pixels.
    private const int Size = 20;

    [TestMethod]
    public void Each_operation_is_drawn_as_often_as_any_other_and_carried_out_half_the_time()
    {
        // Without noise every operation leaves a result of its own on this image.
        var options = new RandAugment { Operations = 1, MagnitudeDeviation = 0 };
        Dictionary<string, ImageOperation> results = [];
        foreach (ImageOperation operation in ImageOperations.All)
        {
            foreach (int sign in new[] { -1, 1 })
            {
                using PixelImage image = Picture();
                ImageOperations.Apply(
                    image, operation, ImageOperations.Argument(operation, 9, sign), Interpolation.Bicubic, default);
                Assert.IsTrue(results.TryAdd(Key(image), operation) || results[Key(image)] == operation, $"{operation}");
            }
        }

        const int draws = 6000;
        int unchanged = 0;
        var counts = new Dictionary<ImageOperation, int>();
        using PixelImage original = Picture();
        for (int i = 0; i < draws; i++)
        {
            using PixelImage image = Picture();
            var random = new RandomStream(3, RandomPurpose.Augmentation, i);
            RandomOperations.Augment(image, options, Interpolation.Bicubic, default, ref random);
            if (image.Samples.SequenceEqual(original.Samples))
            {
                unchanged++;
                continue;
            }

            ImageOperation operation = results[Key(image)];
            counts[operation] = counts.GetValueOrDefault(operation) + 1;
        }

        // 3000 unchanged, deviation 39; 200 of each operation, deviation 14. Four deviations.
        Assert.IsTrue(Math.Abs(unchanged - 3000) <= 155, $"{unchanged}");
        Assert.HasCount(ImageOperations.All.Count, counts);
        Assert.IsTrue(counts.Values.All(count => Math.Abs(count - 200) <= 56), string.Join(", ", counts));
    }

    [TestMethod]
    public void Both_directions_are_drawn_as_often()
    {
        // Brightness alone can be read off a constant image: 101 becomes 182 or 19 at magnitude 9 without noise.
        var options = new RandAugment { Operations = 1, MagnitudeDeviation = 0 };
        int brighter = 0;
        int darker = 0;
        for (int i = 0; i < 12_000; i++)
        {
            using var image = new PixelImage(2, 2);
            image.Samples.Fill(101);
            var random = new RandomStream(5, RandomPurpose.Augmentation, i);
            RandomOperations.Augment(image, options, Interpolation.Bicubic, new FillColor(101, 101, 101), ref random);
            brighter += image.Samples[0] == 182 ? 1 : 0;
            darker += image.Samples[0] == 19 ? 1 : 0;
        }

        // 200 of each, deviation 14; four of them.
        Assert.IsTrue(Math.Abs(brighter - 200) <= 56, $"{brighter}");
        Assert.IsTrue(Math.Abs(darker - 200) <= 56, $"{darker}");
    }

    [TestMethod]
    public void Magnitudes_are_normal_about_the_middle_and_cut_off_at_the_end()
    {
        // Solarize add moves black by 11 levels for each unit of magnitude: from 99 at 9 up to 110 at 10.
        var options = new RandAugment { Operations = 1 };
        var added = new List<int>();
        for (int i = 0; i < 15_000; i++)
        {
            using var image = new PixelImage(1, 1);
            image.Samples.Clear();
            var random = new RandomStream(7, RandomPurpose.Augmentation, i);
            RandomOperations.Augment(image, options, Interpolation.Bicubic, default, ref random);
            if (image.Samples[0] is > 0 and < 200)
            {
                added.Add(image.Samples[0]);
            }
        }

        // 500 are drawn. Cut off at two deviations, the mean of 9 + 0.5 z loses 0.004, and the floor half a level.
        Assert.IsTrue(added.Count is > 400 and < 600, $"{added.Count}");
        Assert.AreEqual(110, added.Max());
        Assert.IsTrue(Math.Abs(added.Average() - 98.45) <= 4 * 5.5 / Math.Sqrt(400), $"{added.Average()}");

        // Below 8.545, 0.91 deviations under the middle, are 18.2 %.
        double low = (double)added.Count(value => value < 94) / added.Count;
        Assert.IsTrue(Math.Abs(low - 0.182) <= 4 * Math.Sqrt(0.182 * 0.818 / 400), $"{low}");
    }

    [TestMethod]
    public void Jitter_uses_the_whole_range_of_factors_and_nothing_beyond()
    {
        // On a gray image only brightness counts: 100 becomes 100 times the factor.
        var values = new List<int>();
        for (int i = 0; i < 2000; i++)
        {
            using var image = new PixelImage(2, 2);
            image.Samples.Fill(100);
            var random = new RandomStream(9, RandomPurpose.Augmentation, i);
            RandomOperations.JitterColor(image, 0.4, ref random);
            values.Add(image.Samples[0]);
        }

        Assert.IsTrue(values.Min() is 60 or 59, $"{values.Min()}");
        Assert.IsTrue(values.Max() is 139, $"{values.Max()}");

        // Uniform, floored: mean 99.5, deviation 80 / sqrt(12) = 23.
        Assert.IsTrue(Math.Abs(values.Average() - 99.5) <= 4 * 23.1 / Math.Sqrt(2000), $"{values.Average()}");
    }

    [TestMethod]
    public void Jitter_changes_saturation_and_contrast_too()
    {
        int wasSaturated = 0;
        int wasContrasted = 0;
        for (int i = 0; i < 50; i++)
        {
            using PixelImage image = Picture();
            var random = new RandomStream(9, RandomPurpose.Augmentation, i);
            RandomOperations.JitterColor(image, 0.4, ref random);
            using PixelImage original = Picture();
            wasSaturated += Spread(image, 0) > Spread(original, 0) ? 1 : 0;
            wasContrasted += Spread(image, 3 * Size * (Size - 1)) > Spread(original, 3 * Size * (Size - 1)) ? 1 : 0;
        }

        Assert.IsTrue(wasSaturated is > 5 and < 45, $"{wasSaturated}");
        Assert.IsTrue(wasContrasted is > 5 and < 45, $"{wasContrasted}");

        static int Spread(PixelImage image, int pixel)
            => Math.Abs(image.Samples[pixel] - image.Samples[pixel + 1]);
    }

    /// <summary>Colors that differ from each other in every direction, of medium contrast.</summary>
    private static PixelImage Picture()
    {
        var image = new PixelImage(Size, Size);
        for (int i = 0; i < image.Samples.Length; i++)
        {
            image.Samples[i] = (byte)(10 + (i * 37 + i / 36 * 11 + i % 3 * 30) % 190);
        }

        return image;
    }

    private static string Key(PixelImage image) => Convert.ToHexString(image.Samples);
}
