namespace RePaViT.Operators;

/// <summary>
/// A square map cut into square windows, after it was filled up with zeros to whole windows and rolled towards its first row
/// and column (Swin, Liu et al., arXiv 2103.14030, section 3.2).
/// </summary>
/// <param name="Size">Width and height of the map.</param>
/// <param name="Window">Width and height of a window.</param>
/// <param name="Shift">How far the map is rolled, below <paramref name="Window"/>.</param>
internal readonly record struct WindowGrid(int Size, int Window, int Shift)
{
    /// <summary>Windows side by side.</summary>
    public int PerSide => (Size + Window - 1) / Window;

    public int Windows => PerSide * PerSide;

    /// <summary>Places of a window.</summary>
    public int Places => Window * Window;

    /// <summary>Whether windows reach over the edges of the map.</summary>
    public bool IsPadded => Size % Window != 0;

    /// <summary>The place in the map of a place in a window, counted row by row; null outside.</summary>
    public int? PlaceOf(int window, int place)
    {
        int padded = PerSide * Window;
        int y = (window / PerSide * Window + place / Window + Shift) % padded;
        int x = (window % PerSide * Window + place % Window + Shift) % padded;
        return y < Size && x < Size ? y * Size + x : null;
    }

    /// <summary>
    /// What a window holds that was rolled over an edge: 0 for nothing, 1 in its last columns, 2 in its last rows, 3 in both.
    /// </summary>
    public int KindOf(int window)
        => Shift == 0 ? 0 : (window % PerSide == PerSide - 1 ? 1 : 0) + (window / PerSide == PerSide - 1 ? 2 : 0);

    /// <summary>Which of the parts that were no neighbors before rolling a place belongs to, in windows of a kind.</summary>
    public int PartOf(int kind, int place)
    {
        int first = Window - Shift;
        return ((kind & 1) != 0 && place % Window >= first ? 1 : 0) + ((kind & 2) != 0 && place / Window >= first ? 2 : 0);
    }
}

/// <summary>Cuts a map [size * size, channels] into windows, one below the other: [windows * places, channels].</summary>
internal sealed record WindowTable(WindowGrid Grid, int Channels) : IndexTable
{
    public override Shape Source => new(Grid.Size * Grid.Size, Channels);

    public override Shape Result => new(Grid.Windows * Grid.Places, Channels);

    public override int Unit => Channels;

    public override int[] Indices()
    {
        int[] indices = new int[Result.Rows];
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = Grid.PlaceOf(i / Grid.Places, i % Grid.Places) ?? Nowhere;
        }

        return indices;
    }
}

/// <summary>Puts a map together again from its windows.</summary>
internal sealed record FromWindowsTable(WindowGrid Grid, int Channels) : IndexTable
{
    public override Shape Source => new(Grid.Windows * Grid.Places, Channels);

    public override Shape Result => new(Grid.Size * Grid.Size, Channels);

    public override int Unit => Channels;

    public override int[] Indices()
    {
        int[] indices = new int[Result.Rows];
        for (int i = 0; i < Source.Rows; i++)
        {
            if (Grid.PlaceOf(i / Grid.Places, i % Grid.Places) is int place)
            {
                indices[place] = i;
            }
        }

        return indices;
    }
}

/// <summary>
/// Every four neighbors of a map [size * size, channels] as one place with four times the channels: upper left, lower left,
/// upper right, lower right. A map of odd size is filled up with zeros.
/// </summary>
internal sealed record MergingTable(int Size, int Channels) : IndexTable
{
    public int PerSide => (Size + 1) / 2;

    public override Shape Source => new(Size * Size, Channels);

    public override Shape Result => new(PerSide * PerSide, 4 * Channels);

    public override int Unit => Channels;

    public override int[] Indices()
    {
        int[] indices = new int[4 * Result.Rows];
        for (int i = 0; i < indices.Length; i++)
        {
            (int place, int neighbor) = Math.DivRem(i, 4);
            int y = place / PerSide * 2 + neighbor % 2;
            int x = place % PerSide * 2 + neighbor / 2;
            indices[i] = y < Size && x < Size ? y * Size + x : Nowhere;
        }

        return indices;
    }
}
