namespace RePaViT.Operators;

/// <summary>
/// What is added to the scores of attention within windows: a learned number for each head and each distance of two places,
/// and -100 where they were no neighbors before the map was rolled.
/// </summary>
/// <param name="Table">[(2 window - 1)^2, heads].</param>
/// <param name="Grid">The windows, which stand one below the other.</param>
internal sealed record RelativePositions(TensorSpec Table, WindowGrid Grid)
{
    /// <summary>Far enough below all scores, and no infinity.</summary>
    public const float Masked = -100;

    /// <summary>The kind of each window, counted from 0.</summary>
    public int[] Kinds() => [.. Enumerable.Range(0, Grid.Windows).Select(Grid.KindOf)];

    /// <summary>For each place and each other one, row by row, the row of the table.</summary>
    public int[] TableRows()
    {
        int[] rows = new int[Grid.Places * Grid.Places];
        for (int i = 0; i < rows.Length; i++)
        {
            (int place, int other) = Math.DivRem(i, Grid.Places);
            int y = place / Grid.Window - other / Grid.Window + Grid.Window - 1;
            int x = place % Grid.Window - other % Grid.Window + Grid.Window - 1;
            rows[i] = y * (2 * Grid.Window - 1) + x;
        }

        return rows;
    }

    /// <summary>For each kind of window, and there for each place and each other one, row by row, what the mask adds.</summary>
    public float[][] Masks()
    {
        float[][] masks = new float[Grid.Shift == 0 ? 1 : 4][];
        for (int kind = 0; kind < masks.Length; kind++)
        {
            masks[kind] = new float[Grid.Places * Grid.Places];
            for (int i = 0; i < masks[kind].Length; i++)
            {
                masks[kind][i] = Grid.PartOf(kind, i / Grid.Places) == Grid.PartOf(kind, i % Grid.Places) ? 0 : Masked;
            }
        }

        return masks;
    }
}
