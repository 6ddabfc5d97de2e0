using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>The greatest value of each column over rows of each image; the first row that has it takes the gradient.</summary>
internal sealed class MaximizeRowsTraining : TrainingOperator
{
    private readonly int _first;
    private readonly int[] _rows;
    private readonly Action<int, int> _forward;
    private Matrix _x;
    private Matrix _y;
    private int _images;

    public MaximizeRowsTraining(MaximizeRows operation, int columns, TrainingContext context)
    {
        _first = operation.First;
        _rows = new int[context.BatchSize * columns];
        _forward = (image, _) => Maximize(_x.TakeRows(image * _x.Rows / _images, _x.Rows / _images), _y.Row(image), RowsOf(image));
    }

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        (_x, _y, _images) = (x, y, context.Images);
        context.Team.Run(_images, _forward);
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        if (!accumulate)
        {
            dx.AsSpan().Clear();
        }

        int rowsPerImage = dx.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            ReadOnlySpan<int> rows = RowsOf(image);
            ReadOnlySpan<float> from = dy.Row(image);
            for (int column = 0; column < rows.Length; column++)
            {
                dx.Row(image * rowsPerImage + rows[column])[column] += from[column];
            }
        }
    }

    private Span<int> RowsOf(int image) => _rows.AsSpan(image * _y.Columns, _y.Columns);

    private void Maximize(Matrix x, Span<float> greatest, Span<int> rows)
    {
        x.Row(_first).CopyTo(greatest);
        rows.Fill(_first);
        for (int row = _first + 1; row < x.Rows; row++)
        {
            ReadOnlySpan<float> values = x.Row(row);
            for (int column = 0; column < values.Length; column++)
            {
                if (values[column] > greatest[column])
                {
                    (greatest[column], rows[column]) = (values[column], row);
                }
            }
        }
    }
}
