using System.Numerics;

namespace RePaViT.QuickStart;

/// <summary>
/// Draws images of shapes that can be told apart by their outline alone: position, size, rotation, colors, background,
/// clutter and noise are random and say nothing about the class.
/// </summary>
internal static class ShapesDataset
{
    /// <summary>Samples per pixel and axis; their mean smooths the outline.</summary>
    private const int Samples = 3;

    /// <summary>Least distance of a shape's color from the colors under it, as a share of black to white.</summary>
    private const float MinContrast = 0.3f;

    // Shapes are bright and what is after them is dark, in any hue. What tells them apart is neither.
    private const float BackgroundBrightness = 0.4f;
    private const float ClutterBrightness = 0.45f;
    private const float ShapeBrightness = 0.5f;

    /// <summary>Greatest noise of a sample, of 1 for full intensity; small values are more frequent.</summary>
    private const float Noise = 0.08f;

    /// <summary>Every class, and whether a point belongs to its shape, which lies inside the unit circle.</summary>
    private static readonly (string Name, Func<Vector2, bool> Contains)[] Classes =
    [
        ("circle", p => p.Length() < 0.85f),
        ("ring", p => p.Length() is > 0.55f and < 0.95f),
        ("square", p => MathF.Max(MathF.Abs(p.X), MathF.Abs(p.Y)) < 0.7f),
        ("triangle", p => p.Y < 0.5f && MathF.Abs(p.X) * MathF.Sqrt(3) < p.Y + 1),
        ("star", IsInStar),
        ("cross", p => MathF.Min(MathF.Abs(p.X), MathF.Abs(p.Y)) < 0.27f && MathF.Max(MathF.Abs(p.X), MathF.Abs(p.Y)) < 0.95f),
        ("crescent", p => p.Length() < 0.95f && Vector2.Distance(p, new(0.45f, 0)) > 0.75f),
        ("hourglass", p => MathF.Abs(p.Y) < 0.8f && MathF.Abs(p.X) < 0.1f + 0.6f * MathF.Abs(p.Y)),
    ];

    /// <summary>Draws a data set in which the classes take turns. Another seed gives other images.</summary>
    /// <param name="count">Number of images, at least 1.</param>
    /// <param name="size">Width and height in pixels, at least 16. The shapes are meant for 32.</param>
    /// <param name="seed">Names all random choices.</param>
    /// <param name="classes">Only the first of the classes; null for all.</param>
    public static InMemoryImageDataset Create(int count, int size, ulong seed, int? classes = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 16);
        (string Name, Func<Vector2, bool> Contains)[] drawn = Classes[..(classes ?? Classes.Length)];
        var images = new RgbImage[count];
        Parallel.For(0, count, i => images[i] = Draw(drawn[i % drawn.Length].Contains, size, new ImageRandom(seed, i)));
        return new InMemoryImageDataset(
            images, Enumerable.Range(0, count).Select(i => i % drawn.Length), drawn.Select(shape => shape.Name));
    }

    private static RgbImage Draw(Func<Vector2, bool> contains, int size, Random random)
    {
        var pixels = new Vector3[size * size];
        Vector3 background = NextColor(random, 0, BackgroundBrightness);
        Vector3 farBackground = NextColor(random, 0, BackgroundBrightness);
        Vector3[] clutter = [NextColor(random, 0, ClutterBrightness), NextColor(random, 0, ClutterBrightness)];
        PaintGradient(pixels, size, background, farBackground, random);
        foreach (Vector3 color in clutter)
        {
            PaintBlob(pixels, size, color, random);
            PaintLine(pixels, size, color, random);
        }

        PaintShape(pixels, size, contains, NextColor(random, ShapeBrightness, 1, [background, farBackground, .. clutter]), random);
        return ToImage(pixels, size, random);
    }

    private static void PaintGradient(Vector3[] pixels, int size, Vector3 from, Vector3 to, Random random)
    {
        Vector2 direction = NextDirection(random) / size;
        for (int i = 0; i < pixels.Length; i++)
        {
            float along = Vector2.Dot(new Vector2(i % size, i / size) - new Vector2(size / 2f), direction);
            pixels[i] = Vector3.Lerp(from, to, Math.Clamp(along + 0.5f, 0, 1));
        }
    }

    /// <summary>A soft, translucent, elongated spot: it has no outline.</summary>
    private static void PaintBlob(Vector3[] pixels, int size, Vector3 color, Random random)
    {
        Vector2 center = NextPoint(random, size, margin: 0);
        Vector2 axis = NextDirection(random);
        float length = size * NextSingle(random, 0.15f, 0.3f);
        float width = length * NextSingle(random, 0.3f, 0.6f);
        for (int i = 0; i < pixels.Length; i++)
        {
            Vector2 offset = new Vector2(i % size, i / size) - center;
            float along = Vector2.Dot(offset, axis) / length;
            float across = Vector2.Dot(offset, new Vector2(-axis.Y, axis.X)) / width;
            pixels[i] = Vector3.Lerp(pixels[i], color, 0.6f * MathF.Exp(-along * along - across * across));
        }
    }

    private static void PaintLine(Vector3[] pixels, int size, Vector3 color, Random random)
    {
        Vector2 start = NextPoint(random, size, margin: 0);
        Vector2 line = NextPoint(random, size, margin: 0) - start;
        float halfWidth = size / 32f * NextSingle(random, 0.3f, 0.8f);
        for (int i = 0; i < pixels.Length; i++)
        {
            Vector2 offset = new Vector2(i % size, i / size) - start;
            float along = Math.Clamp(Vector2.Dot(offset, line) / MathF.Max(line.LengthSquared(), 1), 0, 1);
            float distance = Vector2.Distance(offset, along * line);
            pixels[i] = Vector3.Lerp(pixels[i], color, Math.Clamp(halfWidth + 0.5f - distance, 0, 1));
        }
    }

    private static void PaintShape(Vector3[] pixels, int size, Func<Vector2, bool> contains, Vector3 color, Random random)
    {
        float radius = size * NextSingle(random, 0.32f, 0.46f);
        Vector2 center = NextPoint(random, size, margin: radius);
        Vector2 axis = NextDirection(random);
        for (int i = 0; i < pixels.Length; i++)
        {
            if (Vector2.Distance(new Vector2(i % size, i / size) + new Vector2(0.5f), center) > radius + 1)
            {
                continue;
            }

            int inside = 0;
            for (int sample = 0; sample < Samples * Samples; sample++)
            {
                Vector2 within = (new Vector2(sample % Samples, sample / Samples) + new Vector2(0.5f)) / Samples;
                Vector2 offset = (new Vector2(i % size, i / size) + within - center) / radius;
                if (offset.LengthSquared() < 1
                    && contains(new(Vector2.Dot(offset, axis), Vector2.Dot(offset, new(-axis.Y, axis.X)))))
                {
                    inside++;
                }
            }

            pixels[i] = Vector3.Lerp(pixels[i], color, (float)inside / (Samples * Samples));
        }
    }

    /// <summary>Five tips; by symmetry one half of one of them decides.</summary>
    private static bool IsInStar(Vector2 point)
    {
        const float Sector = MathF.PI / 5;
        float angle = MathF.Abs(MathF.IEEERemainder(MathF.Atan2(point.Y, point.X), 2 * Sector));
        Vector2 tip = new(1, 0);
        Vector2 notch = 0.42f * new Vector2(MathF.Cos(Sector), MathF.Sin(Sector));
        Vector2 edge = notch - tip;
        Vector2 offset = point.Length() * new Vector2(MathF.Cos(angle), MathF.Sin(angle)) - tip;
        return edge.X * offset.Y - edge.Y * offset.X > 0;
    }

    private static RgbImage ToImage(Vector3[] pixels, int size, Random random)
    {
        byte[] samples = new byte[3 * pixels.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            float noise = Noise * (random.NextSingle() - random.NextSingle());
            samples[i] = (byte)MathF.Round(255 * Math.Clamp(pixels[i / 3][i % 3] + noise, 0, 1));
        }

        return new RgbImage(size, size, samples);
    }

    /// <summary>A color whose channels lie in a range, away from some others.</summary>
    private static Vector3 NextColor(Random random, float low, float high, params ReadOnlySpan<Vector3> distant)
    {
        while (true)
        {
            Vector3 color = new(NextSingle(random, low, high), NextSingle(random, low, high), NextSingle(random, low, high));
            bool isNear = false;
            foreach (Vector3 other in distant)
            {
                isNear |= Vector3.Distance(color, other) < MinContrast * MathF.Sqrt(3);
            }

            if (!isNear)
            {
                return color;
            }
        }
    }

    private static Vector2 NextDirection(Random random)
    {
        (float sine, float cosine) = MathF.SinCos(NextSingle(random, 0, 2 * MathF.PI));
        return new Vector2(cosine, sine);
    }

    private static Vector2 NextPoint(Random random, int size, float margin)
        => new(NextSingle(random, margin, size - margin), NextSingle(random, margin, size - margin));

    private static float NextSingle(Random random, float low, float high) => low + (high - low) * random.NextSingle();

    /// <summary>
    /// Numbers that depend on a seed and an index alone (SplitMix64), so that images can be drawn in any order.
    /// </summary>
    private sealed class ImageRandom(ulong seed, int index) : Random
    {
        private ulong _state = Mix(Mix(seed) + (ulong)index);

        protected override double Sample()
        {
            _state += 0x9E3779B97F4A7C15;
            return (Mix(_state) >> 11) * (1.0 / (1UL << 53));
        }

        private static ulong Mix(ulong value)
        {
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
