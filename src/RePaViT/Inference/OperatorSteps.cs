using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Inference;

/// <summary>y = act(x W' + b), or y += x W' + b.</summary>
internal sealed class LinearStep(
    LinearProduct product, ValuePlace x, ValuePlace y, Activate? activation = null, bool accumulate = false) : InferenceStep
{
    public override void Run(InferenceContext context) => product.Run(context, x.In(context), y.In(context), activation, accumulate);
}

/// <summary>y = LN(x).</summary>
internal sealed class LayerNormalizeStep(LayerNormalize norm, PlanSource source, ValuePlace x, ValuePlace y) : InferenceStep
{
    private readonly PinnedBuffer? _gamma = norm.Gamma is null ? null : source.Vector(norm.Gamma);
    private readonly PinnedBuffer? _beta = norm.Beta is null ? null : source.Vector(norm.Beta);

    public override void Run(InferenceContext context)
        => context.Rows.Normalize(x.In(context), y.In(context), Row(_gamma), Row(_beta), norm.Epsilon);

    private static Matrix Row(PinnedBuffer? vector) => vector is null ? default : vector.AsMatrix(1, vector.Length);
}

/// <summary>Batch normalization with its running statistics: scale and shift per column.</summary>
internal sealed class BatchNormalizeStep : InferenceStep
{
    private readonly ValuePlace _x;
    private readonly ValuePlace _y;
    private readonly PinnedBuffer _scale;
    private readonly PinnedBuffer _shift;

    public BatchNormalizeStep(BatchNormalize norm, PlanSource source, ValuePlace x, ValuePlace y)
    {
        (_x, _y) = (x, y);
        _scale = new PinnedBuffer(norm.Columns);
        _shift = new PinnedBuffer(norm.Columns);
        NamedTensors weights = source.Weights;
        for (int i = 0; i < norm.Columns; i++)
        {
            double scale = weights[norm.Gamma.Name].Data[i] / Math.Sqrt((double)weights[norm.Variance.Name].Data[i] + norm.Epsilon);
            _scale.Span[i] = (float)scale;
            _shift.Span[i] = (float)(weights[norm.Beta.Name].Data[i] - weights[norm.Mean.Name].Data[i] * scale);
        }
    }

    public override void Run(InferenceContext context) => context.Rows.ScaleAndShift(
        _x.In(context), _y.In(context), _scale.AsMatrix(1, _scale.Length), _shift.AsMatrix(1, _shift.Length));
}

/// <summary>Normalizes each image over all its rows and columns.</summary>
internal sealed class GroupNormalizeStep(GroupNormalize norm, PlanSource source, ValuePlace x, ValuePlace y) : InferenceStep
{
    private readonly PinnedBuffer _gamma = source.Vector(norm.Gamma);
    private readonly PinnedBuffer _beta = source.Vector(norm.Beta);

    public override void Run(InferenceContext context) => context.GroupNorm.Forward(
        x.In(context), y.In(context), _gamma.AsMatrix(1, _gamma.Length), _beta.AsMatrix(1, _beta.Length), norm.Epsilon, context.Images);
}

/// <summary>y = x scale, per column.</summary>
internal sealed class ScaleColumnsStep(ScaleColumns operation, PlanSource source, ValuePlace x, ValuePlace y) : InferenceStep
{
    private readonly PinnedBuffer _scale = source.Vector(operation.Scale);

    public override void Run(InferenceContext context)
        => context.Rows.Scale(x.In(context), y.In(context), _scale.AsMatrix(1, _scale.Length));
}

/// <summary>Every row to length 1.</summary>
internal sealed class NormalizeRowsStep(ValuePlace x, ValuePlace y) : InferenceStep
{
    public override void Run(InferenceContext context)
        => context.Rows.NormalizeLength(x.In(context), y.In(context), NormalizeRows.Epsilon);
}

/// <summary>Means over the windows of a map.</summary>
internal sealed class AveragePoolStep(AveragePool pool, ValuePlace x, ValuePlace y) : InferenceStep
{
    public override void Run(InferenceContext context) => context.Pooling.Pool(x.In(context), y.In(context), pool.Size, pool.Reach);
}

/// <summary>The first columns through a function, in place.</summary>
internal sealed class ActivateStep(Activate activation, ValuePlace x) : InferenceStep
{
    public override void Run(InferenceContext context)
    {
        Matrix columns = x.In(context).TakeColumns(0, activation.Columns);
        switch (activation)
        {
            case { Columns: 0 }:
                break;
            case { Kind: ActivationKind.Gelu }:
                context.Rows.Gelu(columns);
                break;
            case { Kind: ActivationKind.QuickGelu }:
                context.Rows.QuickGelu(columns);
                break;
            case { Kind: ActivationKind.Relu }:
                context.Rows.Relu(columns);
                break;
            default:
                throw new NotSupportedException($"The inference engine has no activation {activation.Kind}.");
        }
    }
}

/// <summary>Attention of all rows of an image to each other.</summary>
internal sealed class AttendStep(int kernel, ValuePlace x, ValuePlace y) : InferenceStep
{
    public override void Run(InferenceContext context) => context.Kernel<Attention>(kernel).Forward(x.In(context), y.In(context));
}

/// <summary>Elements by a table.</summary>
internal sealed class GatherStep(IndexTable table, ValuePlace x, ValuePlace y) : InferenceStep
{
    private readonly int[] _indices = table.Indices();

    public override void Run(InferenceContext context)
        => context.ImageKernels.Gather(x.In(context), y.In(context), _indices, table.Unit, context.Images);
}

/// <summary>y = x' within each image.</summary>
internal sealed class TransposeStep(ValuePlace x, ValuePlace y) : InferenceStep
{
    public override void Run(InferenceContext context) => context.ImageKernels.Transpose(x.In(context), y.In(context), context.Images);
}

/// <summary>The mean of the rows of each image.</summary>
internal sealed class AverageRowsStep(ValuePlace x, ValuePlace y) : InferenceStep
{
    public override void Run(InferenceContext context) => context.ImageKernels.AverageRows(x.In(context), y.In(context), context.Images);
}

/// <summary>The greatest value of each column, over rows of each image.</summary>
internal sealed class MaximizeRowsStep(MaximizeRows operation, ValuePlace x, ValuePlace y) : InferenceStep
{
    public override void Run(InferenceContext context)
        => context.ImageKernels.MaximizeRows(x.In(context), y.In(context), operation.First, context.Images);
}

/// <summary>The rows of two values, one below the other, image by image.</summary>
internal sealed class StackRowsStep(ValuePlace a, ValuePlace b, ValuePlace y) : InferenceStep
{
    public override void Run(InferenceContext context)
    {
        (Matrix first, Matrix second, Matrix to) = (a.In(context), b.In(context), y.In(context));
        int rows = to.Rows / context.Images;
        int firstRows = first.Rows / context.Images;
        for (int row = 0; row < to.Rows; row++)
        {
            (int image, int place) = Math.DivRem(row, rows);
            ReadOnlySpan<float> from = place < firstRows
                ? first.Row(image * firstRows + place)
                : second.Row(image * (rows - firstRows) + place - firstRows);
            from.CopyTo(to.Row(row));
        }
    }
}

/// <summary>Puts a row before those of each image.</summary>
internal sealed class PrependTokenStep(PrependToken operation, PlanSource source, ValuePlace x, ValuePlace y) : InferenceStep
{
    private readonly float[] _token = source.Weights[operation.Token.Name].ToArray();

    public override void Run(InferenceContext context)
    {
        Matrix from = x.In(context);
        Matrix to = y.In(context);
        int rows = to.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            _token.CopyTo(to.Row(image * rows));
            for (int row = 1; row < rows; row++)
            {
                from.Row(image * (rows - 1) + row - 1).CopyTo(to.Row(image * rows + row));
            }
        }
    }
}

/// <summary>Adds a table to each image, in place.</summary>
internal sealed class AddTableStep(AddTable operation, PlanSource source, ValuePlace x) : InferenceStep
{
    private readonly float[] _table = source.Weights[operation.Table.Name].ToArray();

    public override void Run(InferenceContext context) => context.ImageKernels.AddTable(x.In(context), _table);
}

/// <summary>Adds a number to each row of each image, in place.</summary>
internal sealed class ShiftRowsStep(ShiftRows operation, PlanSource source, ValuePlace x) : InferenceStep
{
    private readonly float[] _shift = source.Weights[operation.Shift.Name].ToArray();

    public override void Run(InferenceContext context) => context.Rows.Shift(x.In(context), _shift);
}

/// <summary>x += scale y.</summary>
internal sealed class AddStep(ValuePlace x, ValuePlace y, float scale) : InferenceStep
{
    public override void Run(InferenceContext context) => context.Rows.Add(x.In(context), y.In(context), scale);
}

/// <summary>y = x, where x is needed again and y is changed.</summary>
internal sealed class CopyStep(ValuePlace x, ValuePlace y) : InferenceStep
{
    public override void Run(InferenceContext context)
    {
        Matrix from = x.In(context);
        Matrix to = y.In(context);
        for (int row = 0; row < from.Rows; row++)
        {
            from.Row(row).CopyTo(to.Row(row));
        }
    }
}
