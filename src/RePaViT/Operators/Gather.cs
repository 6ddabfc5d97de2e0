namespace RePaViT.Operators;

/// <summary>Every element of the result is the element of x that a table names.</summary>
/// <param name="Table">The table.</param>
internal sealed record Gather(IndexTable Table) : Operator
{
    public override Shape ShapeOf(params ReadOnlySpan<Shape> inputs)
    {
        if (inputs[0] != Table.Source)
        {
            throw Refusal(inputs[0], $"{Table.Source}");
        }

        return Table.Result;
    }

    public override double[,] Evaluate(IReadOnlyList<double[,]> inputs, Func<TensorSpec, double[]> tensor)
    {
        int[] indices = Table.Indices();
        int columns = Table.Result.Columns;
        return Build(Table.Result.Rows, columns, (row, column) =>
        {
            (int from, int at) = Math.DivRem(indices[row * columns + column], Table.Source.Columns);
            return inputs[0][from, at];
        });
    }
}

/// <summary>Where the elements of one matrix come from in another; known from a few numbers, and written out on request.</summary>
internal abstract record IndexTable
{
    /// <summary>What the elements are taken from.</summary>
    public abstract Shape Source { get; }

    /// <summary>What they make.</summary>
    public abstract Shape Result { get; }

    /// <summary>For each element of the result, row by row, its place in the source: row * columns + column.</summary>
    public abstract int[] Indices();
}

/// <summary>Cuts color planes [channels, size * size] into square patches, a row each: [patches, channels * patch * patch].</summary>
internal sealed record PatchTable(int Channels, int ImageSize, int PatchSize) : IndexTable
{
    public int PerSide => ImageSize / PatchSize;

    public override Shape Source => new(Channels, ImageSize * ImageSize);

    public override Shape Result => new(PerSide * PerSide, Channels * PatchSize * PatchSize);

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
