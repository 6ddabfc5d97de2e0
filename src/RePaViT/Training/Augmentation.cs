using RePaViT.Data;
using RePaViT.Randomness;
using RePaViT.Training.Pixels;

namespace RePaViT.Training;

/// <summary>Turns one image into the normalized planes [3, size, size] that a training step sees, changed at random.</summary>
internal static class Augmentation
{
    /// <summary>How often a box is drawn before giving up on finding one that lies inside the image; torchvision's number.</summary>
    private const int CropAttempts = 10;

    // In a square of size 1.
    private static readonly AffineTransform MirrorTransform = new(-1, 0, 1, 0, 1, 0);

    /// <param name="image">An image of any size.</param>
    /// <param name="preprocessing">How it is prepared.</param>
    /// <param name="options">How it is changed.</param>
    /// <param name="random">Where the choices come from.</param>
    /// <param name="size">Width and height of the result.</param>
    /// <param name="planes">Gets the result.</param>
    /// <param name="pixels">Gets the same from 0 to 255, before a part of it is erased; empty to do without.</param>
    /// <returns>
    /// Where in the image each place of the result comes from, both being squares of size 1: the whole image stretched to one.
    /// </returns>
    public static AffineTransform Apply(
        RgbImage image,
        ImagePreprocessing preprocessing,
        AugmentationOptions options,
        RandomStream random,
        int size,
        Span<float> planes,
        Span<float> pixels = default)
    {
        ImageBox box;
        if (options.ResizedCrop is { } crop)
        {
            box = DrawBox(image, crop, ref random);
            Resampler.Resize(image, box, size, preprocessing.Interpolation, planes);
        }
        else
        {
            box = preprocessing.CenteredSquare(image);
            preprocessing.Prepare(image, size, planes);
        }

        var view = new AffineTransform(
            box.Width / image.Width, 0, box.X / image.Width, 0, box.Height / image.Height, box.Y / image.Height);

        if (options.CropPadding > 0)
        {
            int range = 2 * options.CropPadding + 1;
            int right = random.NextInt32(range) - options.CropPadding;
            int down = random.NextInt32(range) - options.CropPadding;
            Shift(planes, size, right, down, preprocessing.Mean);
            view = view.Of(AffineTransform.Translation(-right, -down).InUnitsOf(size));
        }

        if (random.NextDouble() < options.HorizontalFlip)
        {
            Mirror(planes, size);
            view = view.Of(MirrorTransform);
        }

        view = view.Of(ChangePixels(planes, size, preprocessing, options, ref random).InUnitsOf(size));
        planes[..pixels.Length].CopyTo(pixels);
        preprocessing.Normalize(planes);
        if (options.RandomErasing > 0 && random.NextDouble() < options.RandomErasing)
        {
            RandomErasing.Apply(planes, size, ref random);
        }

        return view;
    }

    /// <summary>What is defined on 8-bit images. Planes are rounded only if some of it is on.</summary>
    /// <returns>Where each place comes from, in pixels.</returns>
    private static AffineTransform ChangePixels(
        Span<float> planes, int size, ImagePreprocessing preprocessing, AugmentationOptions options, ref RandomStream random)
    {
        if (options.RandAugment is null && options.ColorJitter == 0)
        {
            return AffineTransform.Identity;
        }

        using var image = new PixelImage(size, size);
        image.Load(planes);
        AffineTransform view = AffineTransform.Identity;
        if (options.RandAugment is not null)
        {
            FillColor fill = FillColor.Of(preprocessing.Mean);
            view = RandomOperations.Augment(image, options.RandAugment, preprocessing.Interpolation, fill, ref random);
        }
        else
        {
            RandomOperations.JitterColor(image, options.ColorJitter, ref random);
        }

        image.Store(planes);
        return view;
    }

    /// <summary>A box inside the image; where none is found, the greatest centered one of an accepted aspect ratio.</summary>
    internal static ImageBox DrawBox(RgbImage image, RandomResizedCrop crop, ref RandomStream random)
    {
        double area = (double)image.Width * image.Height;
        for (int attempt = 0; attempt < CropAttempts; attempt++)
        {
            double targetArea = area * random.NextDouble(crop.MinArea, crop.MaxArea);
            double aspect = Math.Exp(random.NextDouble(Math.Log(crop.MinAspectRatio), Math.Log(crop.MaxAspectRatio)));
            double width = Math.Round(Math.Sqrt(targetArea * aspect));
            double height = Math.Round(Math.Sqrt(targetArea / aspect));
            if (width >= 1 && width <= image.Width && height >= 1 && height <= image.Height)
            {
                int x = random.NextInt32(image.Width - (int)width + 1);
                int y = random.NextInt32(image.Height - (int)height + 1);
                return new ImageBox(x, y, width, height);
            }
        }

        double ratio = Math.Clamp((double)image.Width / image.Height, crop.MinAspectRatio, crop.MaxAspectRatio);
        double fullWidth = Math.Min(image.Width, image.Height * ratio);
        double fullHeight = Math.Min(image.Height, image.Width / ratio);
        return new ImageBox((image.Width - fullWidth) / 2, (image.Height - fullHeight) / 2, fullWidth, fullHeight);
    }

    /// <summary>Moves planes of values in [0, 255] in place. What comes in from outside has the mean color.</summary>
    internal static void Shift(Span<float> planes, int size, int right, int down, Rgb mean)
    {
        int kept = size - Math.Abs(right);
        ReadOnlySpan<float> fill = [255 * mean.Red, 255 * mean.Green, 255 * mean.Blue];
        for (int channel = 0; channel < 3; channel++)
        {
            Span<float> plane = planes.Slice(channel * size * size, size * size);
            for (int i = 0; i < size; i++)
            {
                // Against the direction of the move, so that no row is overwritten before it is read.
                int y = down > 0 ? size - 1 - i : i;
                Span<float> target = plane.Slice(y * size, size);
                int from = y - down;
                if (from < 0 || from >= size)
                {
                    target.Fill(fill[channel]);
                    continue;
                }

                plane.Slice(from * size + Math.Max(0, -right), kept).CopyTo(target[Math.Max(0, right)..]);
                (right > 0 ? target[..right] : target[kept..]).Fill(fill[channel]);
            }
        }
    }

    internal static void Mirror(Span<float> planes, int size)
    {
        for (int row = 0; row < planes.Length; row += size)
        {
            planes.Slice(row, size).Reverse();
        }
    }
}
