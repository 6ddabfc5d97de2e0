using RePaViT.Randomness;
namespace RePaViT.Training;

/// <summary>
/// Replaces a box of an image by normal noise (Zhong et al., 2017), as timm's "pixel" mode does it: the image is already
/// normalized, so the noise is as bright and as varied as images are.
/// </summary>
internal static class RandomErasing
{
    /// <summary>How often a box is drawn before giving up on finding one that is smaller than the image; timm's number.</summary>
    private const int Attempts = 10;

    private const double MinArea = 0.02;
    private const double MaxArea = 1.0 / 3;
    private const double MinAspectRatio = 0.3;
    private const double MaxAspectRatio = 1 / 0.3;

    /// <summary>Erases a box of normalized planes [3, size, size].</summary>
    public static void Apply(Span<float> planes, int size, ref RandomStream random)
    {
        if (!TryDrawBox(size, ref random, out (int Left, int Top, int Width, int Height) box))
        {
            return;
        }

        for (int channel = 0; channel < 3; channel++)
        {
            for (int y = box.Top; y < box.Top + box.Height; y++)
            {
                random.FillNormal(planes.Slice((channel * size + y) * size + box.Left, box.Width));
            }
        }
    }

    /// <summary>A box of uniform area and log-uniform aspect ratio, anywhere inside the image and smaller than it.</summary>
    internal static bool TryDrawBox(
        int size, ref RandomStream random, out (int Left, int Top, int Width, int Height) box)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            double area = random.NextDouble(MinArea, MaxArea) * size * size;
            double aspect = Math.Exp(random.NextDouble(Math.Log(MinAspectRatio), Math.Log(MaxAspectRatio)));
            int height = (int)Math.Round(Math.Sqrt(area * aspect));
            int width = (int)Math.Round(Math.Sqrt(area / aspect));
            if (width < size && height < size)
            {
                box = (random.NextInt32(size - width + 1), random.NextInt32(size - height + 1), width, height);
                return true;
            }
        }

        box = default;
        return false;
    }
}
