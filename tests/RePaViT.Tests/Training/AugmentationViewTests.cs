using RePaViT.Randomness;
using RePaViT.Training;
using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training;

/// <summary>
/// Where in an image the places of the augmented one come from, told by colors: red rises from left to right and green from top
/// to bottom, so that a pixel says where it was.
/// </summary>
[TestClass]
public sealed class AugmentationViewTests
{
    private const int Width = 96;
    private const int Height = 64;
    private const int Size = 16;

    // Of 256 levels: resizing rounds a little, and 8-bit operations do each time.
    private const float Tolerance = 3;

    private static readonly ImagePreprocessing Preprocessing = new() { Interpolation = Interpolation.Bilinear };

    public static IEnumerable<object[]> Options() =>
    [
        [AugmentationOptions.None],
        [AugmentationOptions.None with { HorizontalFlip = 1 }],
        [AugmentationOptions.None with { HorizontalFlip = 0.5, ResizedCrop = new RandomResizedCrop { MinArea = 0.1 } }],
        [AugmentationOptions.None with { HorizontalFlip = 0.5, CropPadding = 3 }],
    ];

    [TestMethod]
    [DynamicData(nameof(Options))]
    public void Places_come_from_where_the_view_says(AugmentationOptions options)
    {
        var views = new HashSet<AffineTransform>();
        for (int seed = 0; seed < 8; seed++)
        {
            float[] planes = new float[3 * Size * Size];
            float[] pixels = new float[planes.Length];
            var random = new RandomStream((ulong)seed, RandomPurpose.Augmentation);
            AffineTransform view = Augmentation.Apply(Gradients(), Preprocessing, options, random, Size, planes, pixels);
            AssertComesFrom(view, (channel, x, y) => pixels[(channel * Size + y) * Size + x]);
            views.Add(view);
        }

        Assert.IsTrue(views.Count > 1 || options is { ResizedCrop: null, CropPadding: 0 });
    }

    [TestMethod]
    public void Operations_one_after_the_other_are_one_view()
    {
        ImageOperation[] operations =
            [ImageOperation.Rotate, ImageOperation.ShearX, ImageOperation.ShearY, ImageOperation.TranslateX, ImageOperation.TranslateY];
        foreach (ImageOperation first in operations)
        {
            foreach (ImageOperation second in operations)
            {
                using var image = new PixelImage(Size, Size);
                float[] planes = new float[3 * Size * Size];
                Augmentation.Apply(Gradients(), Preprocessing, AugmentationOptions.None, new(), Size, new float[planes.Length], planes);
                image.Load(planes);
                AffineTransform view = new(2.0 / 3, 0, 1.0 / 6, 0, 1, 0);
                foreach (ImageOperation operation in (ImageOperation[])[first, second])
                {
                    double argument = ImageOperations.Argument(operation, magnitude: 3, sign: 1);
                    ImageOperations.Apply(image, operation, argument, Interpolation.Bilinear, FillColor.Of(new Rgb(1, 1, 1)));
                    view = view.Of(ImageOperations.TransformOf(operation, argument, Size, Size)!.Value.InUnitsOf(Size));
                }

                image.Store(planes);
                AssertComesFrom(view, (channel, x, y) => planes[(channel * Size + y) * Size + x], margin: 4);
            }
        }
    }

    [TestMethod]
    public void RandAugment_tells_what_it_did()
    {
        // As many seeds as make some move the image, and some change its colors alone.
        var augment = new RandAugment { Operations = 2 };
        int moved = 0;
        for (int seed = 0; seed < 30; seed++)
        {
            using var image = new PixelImage(Size, Size);
            var random = new RandomStream((ulong)seed, RandomPurpose.Augmentation);
            AffineTransform view = RandomOperations.Augment(image, augment, Interpolation.Bilinear, FillColor.Of(new Rgb(1, 1, 1)), ref random);
            moved += view == AffineTransform.Identity ? 0 : 1;
        }

        Assert.IsTrue(moved is > 5 and < 25, $"{moved}");
    }

    private static RgbImage Gradients()
    {
        byte[] samples = new byte[3 * Width * Height];
        for (int i = 0; i < Width * Height; i++)
        {
            samples[3 * i] = (byte)Math.Round(255 * (i % Width + 0.5) / Width);
            samples[3 * i + 1] = (byte)Math.Round(255 * (i / Width + 0.5) / Height);
        }

        return new RgbImage(Width, Height, samples);
    }

    /// <summary>Places from near an edge, or from outside, are left out: there is nothing to interpolate with.</summary>
    private static void AssertComesFrom(AffineTransform view, Func<int, int, int, float> value, int margin = 1)
    {
        int inside = 0;
        for (int y = margin; y < Size - margin; y++)
        {
            for (int x = margin; x < Size - margin; x++)
            {
                (double u, double v) = ((x + 0.5) / Size, (y + 0.5) / Size);
                double fromX = view.XX * u + view.XY * v + view.X0;
                double fromY = view.YX * u + view.YY * v + view.Y0;
                bool isFilled = value(2, x, y) > 1;
                if (!isFilled && fromX is > 0.22 and < 0.78 && fromY is > 0.08 and < 0.92)
                {
                    inside++;
                    Assert.IsTrue(Math.Abs(255 * fromX - value(0, x, y)) <= Tolerance, $"{view} at {x}, {y}: {value(0, x, y)}, not {255 * fromX}");
                    Assert.IsTrue(Math.Abs(255 * fromY - value(1, x, y)) <= Tolerance, $"{view} at {x}, {y}: {value(1, x, y)}, not {255 * fromY}");
                }
            }
        }

        Assert.IsGreaterThan(10, inside);
    }
}
