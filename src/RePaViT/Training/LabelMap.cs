using System.Numerics.Tensors;
using RePaViT.Training.Pixels;

namespace RePaViT.Training;

/// <summary>
/// Reads a map of an image's labels where a network sees its patches: each patch of a prepared image takes the labels of the
/// places that it shows, bilinearly between their centers and averaged over the patch, as RoIAlign does (He et al., 2017).
/// </summary>
/// <param name="Rows">Places from top to bottom.</param>
/// <param name="Columns">Places from left to right.</param>
internal readonly record struct LabelMap(int Rows, int Columns)
{
    // Enough for a map that is far finer than the patches.
    private const int MaxSamplesPerSide = 32;

    public int Places => Rows * Columns;

    /// <summary>What each place counts in the label of a patch. What a patch shows beyond the edges is what is at the edge.</summary>
    /// <param name="view">Where in the image each place of the prepared one comes from, both being squares of size 1.</param>
    /// <param name="patchesPerSide">Patches along each side of the prepared image.</param>
    /// <param name="patch">The patch, row by row.</param>
    /// <param name="weights">Gets [rows, columns], which add up to 1.</param>
    public void Weigh(AffineTransform view, int patchesPerSide, int patch, Span<float> weights)
    {
        weights.Clear();
        (int row, int column) = Math.DivRem(patch, patchesPerSide);
        double places = Math.Max(
            Columns * (Math.Abs(view.XX) + Math.Abs(view.XY)), Rows * (Math.Abs(view.YX) + Math.Abs(view.YY))) / patchesPerSide;

        // A whole number that a rounding made a little more takes no further sample.
        int samples = (int)Math.Clamp(Math.Ceiling(places - 1e-6), 1, MaxSamplesPerSide);
        for (int i = 0; i < samples * samples; i++)
        {
            double x = (column + (i % samples + 0.5) / samples) / patchesPerSide;
            double y = (row + (i / samples + 0.5) / samples) / patchesPerSide;
            Add(view.XX * x + view.XY * y + view.X0, view.YX * x + view.YY * y + view.Y0, weights);
        }

        TensorPrimitives.Divide(weights, samples * samples, weights);
    }

    /// <summary>Shares a weight of 1 among the four places around a point.</summary>
    private void Add(double x, double y, Span<float> weights)
    {
        double fromLeft = Math.Clamp(x * Columns - 0.5, 0, Columns - 1);
        double fromTop = Math.Clamp(y * Rows - 0.5, 0, Rows - 1);
        (int left, int top) = ((int)fromLeft, (int)fromTop);
        (float right, float down) = ((float)(fromLeft - left), (float)(fromTop - top));
        int next = Math.Min(left + 1, Columns - 1);
        int below = Math.Min(top + 1, Rows - 1) * Columns;
        weights[top * Columns + left] += (1 - down) * (1 - right);
        weights[top * Columns + next] += (1 - down) * right;
        weights[below + left] += down * (1 - right);
        weights[below + next] += down * right;
    }
}
