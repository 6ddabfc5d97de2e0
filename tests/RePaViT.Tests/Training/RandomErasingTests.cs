using RePaViT.Randomness;
using RePaViT.Tests.Support;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

[TestClass]
public class RandomErasingTests
{
    private const int Size = 60;

    [TestMethod]
    public void Boxes_have_the_areas_and_aspect_ratios_of_timm()
    {
        const int draws = 4000;
        var random = new RandomStream(1, RandomPurpose.Augmentation);
        double meanArea = 0;
        double meanLogAspect = 0;
        for (int i = 0; i < draws; i++)
        {
            Assert.IsTrue(RandomErasing.TryDrawBox(Size, ref random, out (int Left, int Top, int Width, int Height) box));
            Assert.IsTrue(box.Left >= 0 && box.Left + box.Width <= Size && box.Top >= 0 && box.Top + box.Height <= Size);
            Assert.IsTrue(box.Width < Size && box.Height < Size);

            // Sides are rounded to whole pixels.
            double area = (double)box.Width * box.Height / (Size * Size);
            Assert.IsTrue(area is > 0.015 and < 0.345, $"{area}");
            double aspect = (double)box.Height / box.Width;
            Assert.IsTrue(aspect is > 0.26 and < 3.8, $"{aspect}");
            meanArea += area / draws;
            meanLogAspect += Math.Log(aspect) / draws;
        }

        // Area: uniform from 0.02 to 1/3, mean 0.1767, deviation 0.09; the few boxes of a full side that are drawn again
        // are large ones. The logarithm of the aspect ratio is symmetric; its deviation is 2.4 / sqrt(12) = 0.7.
        Assert.IsTrue(Math.Abs(meanArea - 0.1767) <= 0.006, $"{meanArea}");
        Assert.IsTrue(Math.Abs(meanLogAspect) <= 4 * 0.7 / Math.Sqrt(draws), $"{meanLogAspect}");
    }

    [TestMethod]
    public void A_box_gets_normal_noise_and_the_rest_stays()
    {
        float[] planes = new float[3 * Size * Size];
        var noise = new List<float>();
        for (int i = 0; i < 20; i++)
        {
            planes.AsSpan().Fill(7);
            var random = new RandomStream(2, RandomPurpose.Augmentation, i);
            RandomErasing.Apply(planes, Size, ref random);
            int[] erased = [.. Enumerable.Range(0, planes.Length).Where(index => planes[index] != 7)];
            int width = erased.Select(index => index % Size).Distinct().Count();
            int height = erased.Select(index => index / Size % Size).Distinct().Count();
            Assert.HasCount(3 * width * height, erased);
            noise.AddRange(erased.Select(index => planes[index]));
        }

        double mean = noise.Average();
        double variance = noise.Average(value => value * value);
        double kurtosis = noise.Average(value => Math.Pow(value, 4)) / (variance * variance);
        Assert.IsTrue(noise.Count > 10_000);
        Assert.IsTrue(Math.Abs(mean) <= 4 / Math.Sqrt(noise.Count), $"{mean}");
        Assert.IsTrue(Math.Abs(variance - 1) <= 4 * Math.Sqrt(2.0 / noise.Count), $"{variance}");
        Assert.IsTrue(Math.Abs(kurtosis - 3) <= 4 * Math.Sqrt(24.0 / noise.Count), $"{kurtosis}");

        // Every pixel has noise of its own; that two happen to agree is rare.
        Assert.IsTrue(noise.Distinct().Count() > 0.99 * noise.Count);
    }

    [TestMethod]
    public void Images_are_erased_as_often_as_asked_for()
    {
        RgbImage image = TestImages.Constant(10, 10, 50);
        AugmentationOptions options = AugmentationOptions.None with { RandomErasing = 0.25 };
        float[] planes = new float[3 * 10 * 10];
        int erased = 0;
        for (int i = 0; i < 2000; i++)
        {
            var random = new RandomStream(4, RandomPurpose.Augmentation, i);
            Augmentation.Apply(image, new ImagePreprocessing(), options, random, 10, planes);
            erased += planes.Distinct().Count() > 3 ? 1 : 0;
        }

        // 500 of 2000; four deviations are 77.
        Assert.IsTrue(Math.Abs(erased - 500) <= 77, $"{erased}");
    }

    [TestMethod]
    public void An_image_of_one_pixel_is_left_alone()
    {
        float[] planes = [1, 2, 3];
        var random = new RandomStream(4, RandomPurpose.Augmentation);
        RandomErasing.Apply(planes, 1, ref random);
        Assert.IsTrue(planes.AsSpan().SequenceEqual([1, 2, 3]));
    }
}
