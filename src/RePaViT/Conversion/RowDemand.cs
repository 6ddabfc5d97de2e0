using RePaViT.Layers;

namespace RePaViT.Conversion;

/// <summary>
/// How many images a regression on their tokens needs. What it misses by the choice of its n rows grows with p / n for p unknowns:
/// so many rows for each of them are enough, and more only where they cost little.
/// </summary>
/// <param name="RowsPerUnknown">Enough for an unknown.</param>
/// <param name="MinRows">Enough for any regression.</param>
internal readonly record struct RowDemand(int RowsPerUnknown, int MinRows)
{
    /// <summary>The number of images that gives this many rows.</summary>
    /// <param name="layer">The layer that is converted.</param>
    /// <param name="active">Its active channels.</param>
    public int Images(VanillaFeedForward layer, int active)
    {
        int rows = Math.Max(MinRows, RowsPerUnknown * (active + layer.Dim + 1));
        return (rows + layer.Tokens - 1) / layer.Tokens;
    }
}
