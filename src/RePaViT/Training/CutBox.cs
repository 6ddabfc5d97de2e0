using RePaViT.Randomness;

namespace RePaViT.Training;

/// <summary>A box that two images of a batch exchange, in pixels or tokens; right and bottom are exclusive.</summary>
internal readonly record struct CutBox(int Left, int Top, int Right, int Bottom)
{
    public int Area => (Right - Left) * (Bottom - Top);

    /// <summary>A square of an area of 1 - share about a random center, cut off at the edges.</summary>
    /// <param name="size">Width and height of what it is cut from.</param>
    /// <param name="share">What each image keeps of itself, in [0, 1], were nothing cut off.</param>
    /// <param name="random">Where the center comes from.</param>
    public static CutBox Draw(int size, double share, ref RandomStream random)
    {
        int half = (int)(size * Math.Sqrt(1 - share)) / 2;
        int y = random.NextInt32(size);
        int x = random.NextInt32(size);
        return new CutBox(
            Math.Max(0, x - half), Math.Max(0, y - half), Math.Min(size, x + half), Math.Min(size, y + half));
    }

    /// <summary>What each image keeps of itself.</summary>
    /// <param name="size">Width and height of what the box is cut from.</param>
    public double ShareOutside(int size) => 1 - (double)Area / (size * size);
}
