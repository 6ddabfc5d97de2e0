using System.Globalization;
using RePaViT.Tests.Support;
using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training.Pixels;

/// <summary>Every operation of RandAugment beside what Pillow makes of the same image.</summary>
[TestClass]
public class ImageOperationsTests
{
    private static readonly FillColor Fill = new(124, 116, 104);

    private static readonly NamedTensors Golden = Fixture.Read("Pillow/operations").Tensors;

    public static IEnumerable<object[]> Operations => ImageOperations.All.Select(operation => new object[] { operation });

    [TestMethod]
    [DynamicData(nameof(Operations))]
    public void Results_equal_those_of_Pillow(object operation)
    {
        int compared = 0;
        foreach ((string name, WeightTensor expected) in Golden)
        {
            // "image operation argument interpolation"; the images themselves have one word.
            string[] words = name.Split(' ');
            if (words.Length != 4 || words[1] != operation.ToString())
            {
                continue;
            }

            using PixelImage image = Read(Golden[words[0]]);
            ImageOperations.Apply(
                image,
                (ImageOperation)operation,
                double.Parse(words[2], CultureInfo.InvariantCulture),
                Enum.Parse<Interpolation>(words[3]),
                Fill);
            byte[] bytes = Array.ConvertAll(expected.Data.ToArray(), value => (byte)value);
            Assert.IsTrue(image.Samples.SequenceEqual(bytes), $"{name}: {Describe(image.Samples, bytes)}");
            compared++;
        }

        Assert.IsTrue(compared >= 3, $"Only {compared} golden images were found.");
    }

    [TestMethod]
    [DataRow(ImageOperation.Rotate, 27.0, -27.0, 30.0)]
    [DataRow(ImageOperation.ShearX, 0.27, -0.27, 0.3)]
    [DataRow(ImageOperation.ShearY, 0.27, -0.27, 0.3)]
    [DataRow(ImageOperation.TranslateX, 0.405, -0.405, 0.45)]
    [DataRow(ImageOperation.TranslateY, 0.405, -0.405, 0.45)]
    [DataRow(ImageOperation.Color, 1.81, 0.19, 1.9)]
    [DataRow(ImageOperation.Contrast, 1.81, 0.19, 1.9)]
    [DataRow(ImageOperation.Brightness, 1.81, 0.19, 1.9)]
    [DataRow(ImageOperation.Sharpness, 1.81, 0.19, 1.9)]
    [DataRow(ImageOperation.Posterize, 1.0, 1.0, 0.0)]
    [DataRow(ImageOperation.Solarize, 26.0, 26.0, 0.0)]
    [DataRow(ImageOperation.SolarizeAdd, 99.0, 99.0, 110.0)]
    [DataRow(ImageOperation.AutoContrast, 0.0, 0.0, 0.0)]
    [DataRow(ImageOperation.Equalize, 0.0, 0.0, 0.0)]
    [DataRow(ImageOperation.Invert, 0.0, 0.0, 0.0)]
    public void Arguments_are_those_of_timm(object operation, double atNine, double backwards, double atTen)
    {
        Assert.AreEqual(atNine, ImageOperations.Argument((ImageOperation)operation, 9, 1), 1e-12);
        Assert.AreEqual(backwards, ImageOperations.Argument((ImageOperation)operation, 9, -1), 1e-12);
        Assert.AreEqual(atTen, ImageOperations.Argument((ImageOperation)operation, 10, 1), 1e-12);
    }

    [TestMethod]
    public void At_magnitude_0_only_what_has_no_magnitude_changes_an_image()
    {
        foreach (ImageOperation operation in ImageOperations.All)
        {
            using PixelImage image = Read(Golden["dim"]);
            using PixelImage original = Read(Golden["dim"]);
            ImageOperations.Apply(image, operation, ImageOperations.Argument(operation, 0, 1), Interpolation.Bicubic, Fill);
            bool hasNoMagnitude = operation is ImageOperation.AutoContrast or ImageOperation.Equalize or ImageOperation.Invert;

            // Posterizing keeps 4 bits even then; all others leave every pixel.
            Assert.AreEqual(
                hasNoMagnitude || operation == ImageOperation.Posterize,
                !image.Samples.SequenceEqual(original.Samples),
                $"{operation}");
        }
    }

    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(1, 4)]
    [DataRow(2, 1)]
    public void Images_of_a_pixel_or_two_are_no_exception(int width, int height)
    {
        foreach (ImageOperation operation in ImageOperations.All)
        {
            foreach (int sign in new[] { -1, 1 })
            {
                using var image = new PixelImage(width, height);
                image.Samples.Fill(200);
                double argument = ImageOperations.Argument(operation, 9, sign);
                ImageOperations.Apply(image, operation, argument, Interpolation.Bicubic, Fill);
                ImageOperations.Apply(image, operation, argument, Interpolation.Bilinear, Fill);
            }
        }
    }

    private static PixelImage Read(WeightTensor tensor)
    {
        var image = new PixelImage(width: tensor.Shape[1], height: tensor.Shape[0]);
        Array.ConvertAll(tensor.Data.ToArray(), value => (byte)value).CopyTo(image.Samples);
        return image;
    }

    private static string Describe(ReadOnlySpan<byte> actual, byte[] expected)
    {
        int different = 0;
        int largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            different += actual[i] == expected[i] ? 0 : 1;
            largest = Math.Max(largest, Math.Abs(actual[i] - expected[i]));
        }

        return $"{different} of {expected.Length} samples differ, by up to {largest}.";
    }
}
