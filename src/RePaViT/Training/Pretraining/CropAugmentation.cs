using RePaViT.Data;
using RePaViT.Randomness;
using RePaViT.Training.Pixels;

namespace RePaViT.Training.Pretraining;

/// <summary>
/// A random crop of an image with random colors, as in the public implementation of DINO (after BYOL, arXiv 2006.07733, appendix B).
/// </summary>
/// <param name="Crop">The box.</param>
/// <param name="Blur">Probability of blurring.</param>
/// <param name="Solarization">Probability of inverting bright samples.</param>
internal sealed record CropAugmentation(RandomResizedCrop Crop, double Blur, double Solarization)
{
    private const double Flip = 0.5;
    private const double ColorJitter = 0.8;
    private const double Gray = 0.2;
    private const double Brightness = 0.4;
    private const double Contrast = 0.4;
    private const double Saturation = 0.2;
    private const double HueTurn = 0.1;

    // In images of 224 pixels; in proportion to the size of others.
    private const double LeastDeviation = 0.1;
    private const double GreatestDeviation = 2;
    private const double DeviationSize = 224;

    // 8-bit samples from here on are inverted.
    private const float Threshold = 128;

    /// <summary>The first large crop is blurred, the second at times, and solarized at times; small crops are blurred half of the time.</summary>
    public static (CropAugmentation First, CropAugmentation Second, CropAugmentation Local) Of(SelfDistillation options) => (
        new CropAugmentation(options.GlobalCrop, Blur: 1, Solarization: 0),
        new CropAugmentation(options.GlobalCrop, Blur: 0.1, Solarization: 0.2),
        new CropAugmentation(options.LocalCrop, Blur: 0.5, Solarization: 0));

    /// <param name="image">An image of any size.</param>
    /// <param name="preprocessing">How it is prepared.</param>
    /// <param name="imageSize">Width and height of the images that the network takes.</param>
    /// <param name="random">Where the choices come from.</param>
    /// <param name="size">Width and height of the crop.</param>
    /// <param name="planes">Gets the normalized planes, [3, size, size].</param>
    public void Apply(RgbImage image, ImagePreprocessing preprocessing, int imageSize, RandomStream random, int size, Span<float> planes)
    {
        ImageBox box = Augmentation.DrawBox(image, Crop, ref random);
        Resampler.Resize(image, box, size, preprocessing.Interpolation, planes);
        if (random.NextDouble() < Flip)
        {
            Augmentation.Mirror(planes, size);
        }

        ChangeColors(planes, size, ref random);
        if (random.NextDouble() < Blur)
        {
            double deviation = random.NextDouble(LeastDeviation, GreatestDeviation) * imageSize / DeviationSize;
            GaussianBlur.Apply(planes, size, deviation);
        }

        if (random.NextDouble() < Solarization)
        {
            foreach (ref float value in planes)
            {
                value = value < Threshold ? value : byte.MaxValue - value;
            }
        }

        preprocessing.Normalize(planes);
    }

    private static void ChangeColors(Span<float> planes, int size, ref RandomStream random)
    {
        bool jitters = random.NextDouble() < ColorJitter;
        bool isGray = random.NextDouble() < Gray;
        if (!jitters && !isGray)
        {
            return;
        }

        using var pixels = new PixelImage(size, size);
        pixels.Load(planes);
        if (jitters)
        {
            Jitter(pixels, ref random);
        }

        if (isGray)
        {
            Enhancement.Color(pixels, 0);
        }

        pixels.Store(planes);
    }

    private static void Jitter(PixelImage pixels, ref RandomStream random)
    {
        Span<int> order = stackalloc int[4];
        random.FillPermutation(order);
        foreach (int operation in order)
        {
            switch (operation)
            {
                case 0:
                    Tones.Brightness(pixels, random.NextDouble(1 - Brightness, 1 + Brightness));
                    break;
                case 1:
                    Tones.Contrast(pixels, random.NextDouble(1 - Contrast, 1 + Contrast));
                    break;
                case 2:
                    Enhancement.Color(pixels, random.NextDouble(1 - Saturation, 1 + Saturation));
                    break;
                default:
                    Hue.Turn(pixels, random.NextDouble(-HueTurn, HueTurn));
                    break;
            }
        }
    }
}
