using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Inference;

/// <summary>Where a value stands while a plan runs: a buffer, or some rows and columns of what a buffer holds.</summary>
/// <param name="Buffer">The buffer.</param>
/// <param name="Stored">The shape, for one image, of what the buffer holds.</param>
internal sealed record ValuePlace(int Buffer, Shape Stored)
{
    /// <summary>The columns that make up the value.</summary>
    public Range Columns { get; init; } = Range.All;

    /// <summary>The one row of each image that makes up the value; null for all.</summary>
    public int? Row { get; init; }

    /// <summary>The value for the images of the pass in progress: [images * rows, columns].</summary>
    public Matrix In(InferenceContext context)
    {
        (int first, int count) = Columns.GetOffsetAndLength(Stored.Columns);
        Matrix stored = context.Buffer(Buffer).AsMatrix(context.Images * Stored.Rows, Stored.Columns);
        if (Row is int row)
        {
            stored = stored.TakeRows(row, stored.Rows - row).TakeEvery(Stored.Rows);
        }

        return stored.TakeColumns(first, count);
    }
}
