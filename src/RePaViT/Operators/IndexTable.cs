namespace RePaViT.Operators;

/// <summary>Where the elements of one matrix come from in another; known from a few numbers, and written out on request.</summary>
internal abstract record IndexTable
{
    /// <summary>The index of what comes from nowhere: such elements are 0.</summary>
    public const int Nowhere = -1;

    /// <summary>What the elements are taken from.</summary>
    public abstract Shape Source { get; }

    /// <summary>What they make.</summary>
    public abstract Shape Result { get; }

    /// <summary>How many elements move together: a divisor of the columns of both.</summary>
    public virtual int Unit => 1;

    /// <summary>How images are cut, if that is what it does, with a row for each patch.</summary>
    public virtual PatchGrid? OfImage => null;

    /// <summary>
    /// For each unit of the result, row by row, its place among the units of the source, or <see cref="Nowhere"/>.
    /// </summary>
    public abstract int[] Indices();

    /// <summary>The same for single elements: row * columns + column of the source.</summary>
    public int[] ElementIndices()
    {
        int[] units = Indices();
        int[] elements = new int[Result.Length];
        for (int i = 0; i < elements.Length; i++)
        {
            (int unit, int offset) = Math.DivRem(i, Unit);
            elements[i] = units[unit] == Nowhere ? Nowhere : units[unit] * Unit + offset;
        }

        return elements;
    }
}

/// <summary>Square patches of a square image, which may overlap.</summary>
/// <param name="ImageSize">Width and height of the image.</param>
/// <param name="PatchSize">Width and height of a patch.</param>
/// <param name="Stride">From one patch to the next.</param>
/// <param name="Padding">How far patches reach over the edges.</param>
internal readonly record struct PatchGrid(int ImageSize, int PatchSize, int Stride, int Padding);

/// <summary>Cuts color planes [channels, size * size] into square patches, a row each: [patches, channels * patch * patch].</summary>
internal sealed record PatchTable(int Channels, int ImageSize, int PatchSize) : IndexTable
{
    public int PerSide => ImageSize / PatchSize;

    public override Shape Source => new(Channels, ImageSize * ImageSize);

    public override Shape Result => new(PerSide * PerSide, Channels * PatchSize * PatchSize);

    public override PatchGrid? OfImage => new PatchGrid(ImageSize, PatchSize, PatchSize, Padding: 0);

    public override int[] Indices()
    {
        int[] indices = new int[Result.Length];
        int patchLength = PatchSize * PatchSize;
        for (int i = 0; i < indices.Length; i++)
        {
            (int patch, int element) = Math.DivRem(i, Result.Columns);
            (int channel, int place) = Math.DivRem(element, patchLength);
            int y = patch / PerSide * PatchSize + place / PatchSize;
            int x = patch % PerSide * PatchSize + place % PatchSize;
            indices[i] = (channel * ImageSize + y) * ImageSize + x;
        }

        return indices;
    }
}

/// <summary>
/// What a filter sees at each of its places, a row each: [places, channels * kernel * kernel], with zeros outside the map.
/// </summary>
/// <param name="Channels">Channels of the map.</param>
/// <param name="Size">Width and height of the map.</param>
/// <param name="Kernel">Width and height of the filter.</param>
/// <param name="Stride">From one place to the next.</param>
/// <param name="Padding">How far the filter reaches over the edges.</param>
/// <param name="IsImage">Whether the map is color planes [channels, size * size], or [size * size, channels].</param>
internal sealed record ConvolutionTable(int Channels, int Size, int Kernel, int Stride, int Padding, bool IsImage) : IndexTable
{
    /// <summary>Width and height of the result.</summary>
    public int PerSide => (Size + 2 * Padding - Kernel) / Stride + 1;

    public override Shape Source => IsImage ? new(Channels, Size * Size) : new(Size * Size, Channels);

    public override Shape Result => new(PerSide * PerSide, Channels * Kernel * Kernel);

    public override PatchGrid? OfImage => IsImage ? new PatchGrid(Size, Kernel, Stride, Padding) : null;

    public override int[] Indices()
    {
        int[] places = Places();
        int[] indices = new int[Result.Length];
        int taps = Kernel * Kernel;
        for (int i = 0; i < indices.Length; i++)
        {
            (int row, int element) = Math.DivRem(i, Result.Columns);
            (int channel, int tap) = Math.DivRem(element, taps);
            int place = places[row * taps + tap];
            indices[i] = place == Nowhere ? Nowhere : IsImage ? channel * Size * Size + place : place * Channels + channel;
        }

        return indices;
    }

    /// <summary>For each place of the result, the places of the map that a filter sees, both row by row, or <see cref="IndexTable.Nowhere"/>.</summary>
    public int[] Places()
    {
        int[] places = new int[PerSide * PerSide * Kernel * Kernel];
        for (int i = 0; i < places.Length; i++)
        {
            (int place, int tap) = Math.DivRem(i, Kernel * Kernel);
            int y = place / PerSide * Stride - Padding + tap / Kernel;
            int x = place % PerSide * Stride - Padding + tap % Kernel;
            places[i] = y >= 0 && y < Size && x >= 0 && x < Size ? y * Size + x : Nowhere;
        }

        return places;
    }
}

/// <summary>The rows from a first one on.</summary>
/// <param name="Taken">What they are taken from.</param>
/// <param name="First">The first of them.</param>
internal sealed record LaterRowsTable(Shape Taken, int First) : IndexTable
{
    public override Shape Source => Taken;

    public override Shape Result => Taken with { Rows = Taken.Rows - First };

    public override int Unit => Taken.Columns;

    public override int[] Indices() => [.. Enumerable.Range(First, Taken.Rows - First)];
}
