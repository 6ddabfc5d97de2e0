using RePaViT.Data;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Data;

[TestClass]
public class ResamplerTests
{
    /// <summary>Sums of a few hundred products of single precision with values up to 255.</summary>
    private const double Tolerance = 2e-3;

    [TestMethod]
    [DataRow(Interpolation.Bilinear)]
    [DataRow(Interpolation.Bicubic)]
    public void Any_box_is_resized_as_the_plain_formula_says(Interpolation interpolation)
    {
        var random = new Random(3);
        foreach ((int width, int height, int size) in new[] { (7, 5, 4), (5, 9, 16), (40, 31, 8), (1, 1, 3), (3, 50, 2) })
        {
            RgbImage image = TestImages.Random(width, height, seed: width);
            double boxWidth = width * (0.2 + 0.8 * random.NextDouble());
            double boxHeight = height * (0.2 + 0.8 * random.NextDouble());
            var box = new ImageBox(
                (width - boxWidth) * random.NextDouble(), (height - boxHeight) * random.NextDouble(), boxWidth, boxHeight);
            foreach (ImageBox part in new[] { box, new ImageBox(0, 0, width, height) })
            {
                float[] planes = Resize(image, part, size, interpolation);
                for (int i = 0; i < planes.Length; i++)
                {
                    double expected = Plain(image, part, size, interpolation, i % size, i / size % size, i / (size * size));
                    Assert.IsTrue(Math.Abs(planes[i] - expected) <= Tolerance, $"{part}, {size}: {planes[i]}, not {expected}");
                }
            }
        }
    }

    [TestMethod]
    [DataRow(Interpolation.Bilinear)]
    [DataRow(Interpolation.Bicubic)]
    public void A_reduced_image_has_rounded_samples_of_the_plain_formula(Interpolation interpolation)
    {
        RgbImage image = TestImages.Random(40, 40, seed: 2);
        RgbImage reduced = Resampler.Reduce(image, 13, 13, interpolation);
        var whole = new ImageBox(0, 0, 40, 40);
        for (int i = 0; i < reduced.Pixels.Length; i++)
        {
            double expected = Plain(image, whole, 13, interpolation, i / 3 % 13, i / 39, i % 3);
            Assert.IsTrue(Math.Abs(reduced.Pixels.Span[i] - Math.Clamp(expected, 0, 255)) <= 0.5 + Tolerance);
        }
    }

    [TestMethod]
    public void A_box_of_the_right_size_is_copied()
    {
        RgbImage image = TestImages.Random(9, 7, seed: 1);
        float[] planes = Resize(image, new ImageBox(3, 2, 5, 5), 5, Interpolation.Bicubic);
        for (int i = 0; i < planes.Length; i++)
        {
            int pixel = (2 + i / 5 % 5) * 9 + 3 + i % 5;
            Assert.AreEqual(image.Pixels.Span[3 * pixel + i / 25], planes[i]);
        }
    }

    [TestMethod]
    [DataRow(Interpolation.Bilinear, 5)]
    [DataRow(Interpolation.Bilinear, 64)]
    [DataRow(Interpolation.Bicubic, 5)]
    [DataRow(Interpolation.Bicubic, 64)]
    public void Constant_images_stay_constant(Interpolation interpolation, int size)
    {
        float[] planes = Resize(TestImages.Constant(23, 17, 255), new ImageBox(0.3, 1.7, 22.1, 14.9), size, interpolation);
        Assert.IsTrue(planes.All(value => Math.Abs(value - 255) <= Tolerance));
    }

    [TestMethod]
    [DataRow(Interpolation.Bilinear)]
    [DataRow(Interpolation.Bicubic)]
    public void Gradients_are_reproduced_away_from_the_edges(Interpolation interpolation)
    {
        RgbImage image = TestImages.Create(40, 40, (x, y, channel) => channel == 0 ? 6 * x : 6 * y);
        float[] planes = Resize(image, new ImageBox(10, 12, 16, 16), 32, interpolation);
        for (int i = 0; i < 32 * 32; i++)
        {
            // The center of output pixel i lies at offset + (i + 0.5) * 16 / 32 on a scale where pixel 0's is at 0.5.
            Assert.IsTrue(Math.Abs(planes[i] - 6 * (9.5 + (i % 32 + 0.5) / 2)) <= Tolerance);
            Assert.IsTrue(Math.Abs(planes[32 * 32 + i] - 6 * (11.5 + (i / 32 + 0.5) / 2)) <= Tolerance);
        }
    }

    [TestMethod]
    public void Known_values_are_met()
    {
        // Halving 4 pixels: a triangle of support 2 about x = 1 weighs pixels 0, 1, 2 with 3, 3, 1.
        RgbImage image = TestImages.Create(4, 4, (x, _, _) => x == 0 ? 210 : 0);
        float[] planes = Resize(image, new ImageBox(0, 0, 4, 4), 2, Interpolation.Bilinear);
        Assert.IsTrue(Math.Abs(planes[0] - 90) <= Tolerance);
        Assert.IsTrue(Math.Abs(planes[1]) <= Tolerance);
    }

    [TestMethod]
    public void A_cubic_does_not_leave_the_range_of_samples()
    {
        RgbImage image = TestImages.Create(16, 16, (x, _, _) => x < 8 ? 0 : 255);
        float[] planes = Resize(image, new ImageBox(0, 0, 16, 16), 50, Interpolation.Bicubic);
        Assert.IsTrue(planes.All(value => value is >= 0 and <= 255));
    }

    [TestMethod]
    public void A_box_outside_the_image_is_refused()
    {
        RgbImage image = TestImages.Constant(4, 4, 0);
        foreach (ImageBox box in new ImageBox[] { new(-1, 0, 2, 2), new(0, 3, 2, 2), new(0, 0, 0, 2), new(0, 0, double.NaN, 2) })
        {
            Assert.ThrowsExactly<ArgumentException>(() => Resize(image, box, 2, Interpolation.Bilinear));
        }
    }

    private static float[] Resize(RgbImage image, ImageBox box, int size, Interpolation interpolation)
    {
        float[] planes = new float[3 * size * size];
        planes.AsSpan().Fill(float.NaN);
        Resampler.Resize(image, box, size, interpolation, planes);
        return planes;
    }

    /// <summary>The weighted mean over all pixels of the image at once, in double precision.</summary>
    private static double Plain(
        RgbImage image, ImageBox box, int size, Interpolation interpolation, int outputX, int outputY, int channel)
    {
        double sum = 0;
        double total = 0;
        for (int y = 0; y < image.Height; y++)
        {
            for (int x = 0; x < image.Width; x++)
            {
                double weight = Weight(x, box.X, box.Width / size, outputX, interpolation)
                    * Weight(y, box.Y, box.Height / size, outputY, interpolation);
                sum += weight * image.Pixels.Span[3 * (y * image.Width + x) + channel];
                total += weight;
            }
        }

        return Math.Clamp(sum / total, 0, 255);
    }

    private static double Weight(int pixel, double offset, double step, int output, Interpolation interpolation)
    {
        double distance = Math.Abs((pixel + 0.5 - offset - (output + 0.5) * step) / Math.Max(1, step));
        if (interpolation == Interpolation.Bilinear)
        {
            return Math.Max(0, 1 - distance);
        }

        const double a = -0.5;
        return distance < 1 ? (a + 2) * Math.Pow(distance, 3) - (a + 3) * Math.Pow(distance, 2) + 1
            : distance < 2 ? a * (Math.Pow(distance, 3) - 5 * Math.Pow(distance, 2) + 8 * distance - 4)
            : 0;
    }
}
