namespace RePaViT;

/// <summary>An image of 8-bit red, green, blue samples, interleaved, row by row from the top. Does not own its memory.</summary>
public readonly struct RgbImage
{
    /// <summary>Wraps pixels without copying them.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="pixels">3 * width * height samples: R, G, B of the top left pixel first.</param>
    /// <exception cref="ArgumentException">The number of samples does not match the size.</exception>
    public RgbImage(int width, int height, ReadOnlyMemory<byte> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != 3L * width * height)
        {
            throw new ArgumentException(
                $"An image of {width} x {height} pixels has {3L * width * height} samples, but {pixels.Length} are given.",
                nameof(pixels));
        }

        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The samples, interleaved, row by row.</summary>
    public ReadOnlyMemory<byte> Pixels { get; }
}
