using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>What an operator gives, kept until the backward pass has read it; operators that work in place share a buffer.</summary>
internal sealed class TrainingValue(Shape shape, PinnedBuffer buffer)
{
    public PinnedBuffer Buffer => buffer;

    public Matrix In(TrainingContext context) => buffer.AsMatrix(context.Images * shape.Rows, shape.Columns);
}

/// <summary>Memory for one gradient after another.</summary>
internal sealed class GradientSlot
{
    private readonly ScratchBuffer _buffer = new();

    public Matrix AsMatrix(int rows, int columns) => _buffer.AsMatrix(rows, columns);

    public Matrix Like(Matrix value) => AsMatrix(value.Rows, value.Columns);
}

/// <summary>One operator, or a run of them, between the values that it reads and gives.</summary>
internal abstract class TrainingStep
{
    /// <summary>Its tensors, in the order in which they are stored.</summary>
    public virtual IReadOnlyList<TrainingParameter> Parameters => [];

    /// <summary>Where the gradient of the result is; null if nothing needs it, and the way back leaves the step out.</summary>
    public GradientSlot? Gradient { get; set; }

    /// <summary>Computes the result.</summary>
    public abstract Matrix Forward(TrainingContext context);

    /// <summary>Passes the gradient on to what was read.</summary>
    public abstract void Backward(TrainingContext context);
}

/// <summary>y = f(x).</summary>
internal sealed class OperatorStep(TrainingOperator operation, TrainingValue x, TrainingValue y) : TrainingStep
{
    public override IReadOnlyList<TrainingParameter> Parameters => operation.Parameters;

    /// <summary>Where the gradient of x goes; null if nothing needs it, unless the operator makes it all the same.</summary>
    public GradientSlot? InputGradient { get; set; }

    /// <summary>Whether it is added to the values that are already there.</summary>
    public bool Accumulate { get; set; }

    public override Matrix Forward(TrainingContext context)
    {
        Matrix result = y.In(context);
        operation.Forward(context, x.In(context), result);
        return result;
    }

    public override void Backward(TrainingContext context)
    {
        (Matrix taken, Matrix given) = (x.In(context), y.In(context));
        Matrix dx = InputGradient is null ? default : InputGradient.Like(taken);
        operation.Backward(context, taken, given, Gradient!.Like(given), dx, Accumulate);
    }
}

/// <summary>
/// y = a + scale DropPath(b), in the memory of b if nothing reads b again. The gradient of a is that of y, or is added to the existing
/// values.
/// </summary>
internal sealed class AddStep : TrainingStep
{
    private readonly TrainingValue _a;
    private readonly TrainingValue _b;
    private readonly TrainingValue _y;
    private readonly float _scale;
    private readonly DropPath? _dropPath;
    private readonly Action<int, int> _add;
    private readonly Action<int, int> _scaleAndAdd;
    private readonly Action<int, int> _scaleOnly;
    private readonly Action<int, int> _addScaled;
    private Matrix _from;
    private Matrix _to;

    /// <param name="a">The shortcut.</param>
    /// <param name="b">The branch.</param>
    /// <param name="y">Where the sum goes; may share the branch's buffer.</param>
    /// <param name="scale">What the branch is multiplied by.</param>
    /// <param name="dropPath">Null where the branch is never left out.</param>
    public AddStep(TrainingValue a, TrainingValue b, TrainingValue y, float scale, DropPath? dropPath)
    {
        (_a, _b, _y, _scale, _dropPath) = (a, b, y, scale, dropPath);
        _add = (chunk, _) => TensorPrimitives.Add(_from.Chunk(chunk).AsSpan(), _to.Chunk(chunk).AsSpan(), _to.Chunk(chunk).AsSpan());
        _scaleAndAdd = (chunk, _) => TensorPrimitives.MultiplyAdd(
            _to.Chunk(chunk).AsSpan(), _scale, _from.Chunk(chunk).AsSpan(), _to.Chunk(chunk).AsSpan());
        _scaleOnly = (chunk, _) => TensorPrimitives.Multiply(_from.Chunk(chunk).AsSpan(), _scale, _to.Chunk(chunk).AsSpan());
        _addScaled = (chunk, _) => TensorPrimitives.MultiplyAdd(
            _from.Chunk(chunk).AsSpan(), _scale, _to.Chunk(chunk).AsSpan(), _to.Chunk(chunk).AsSpan());
    }

    /// <summary>Whether the gradient of the branch is that of the sum.</summary>
    public bool PassesGradientOn => _dropPath is null && _scale == 1;

    /// <summary>Where the gradient of the branch goes; where that is the memory of the sum's, it is there already.</summary>
    public GradientSlot? BranchGradient { get; set; }

    /// <summary>Whether the gradient of the branch is added to the values that are already there.</summary>
    public bool AccumulateBranch { get; set; }

    /// <summary>Where the gradient of the shortcut is added; null if that of the sum becomes it, or if it is not needed.</summary>
    public GradientSlot? ShortcutGradient { get; set; }

    public override Matrix Forward(TrainingContext context)
    {
        (_from, _to) = (_a.In(context), _y.In(context));
        if (_b.Buffer != _y.Buffer)
        {
            _b.In(context).AsSpan().CopyTo(_to.AsSpan());
        }

        if (_dropPath is not null)
        {
            _dropPath.Draw(context);
            _dropPath.Forward(context, _from, _to);
        }
        else
        {
            context.Team.Run(RowChunks.Count(_from.Rows), _scale == 1 ? _add : _scaleAndAdd);
        }

        return _to;
    }

    public override void Backward(TrainingContext context)
    {
        Matrix dy = Gradient!.Like(_y.In(context));
        if (BranchGradient is not null && BranchGradient != Gradient)
        {
            if (_dropPath is not null)
            {
                _dropPath.Backward(context, dy, BranchGradient.Like(dy), AccumulateBranch);
            }
            else
            {
                (_from, _to) = (dy, BranchGradient.Like(dy));
                context.Team.Run(RowChunks.Count(dy.Rows), AccumulateBranch ? _addScaled : _scaleOnly);
            }
        }

        if (ShortcutGradient is not null)
        {
            (_from, _to) = (dy, ShortcutGradient.Like(dy));
            context.Team.Run(RowChunks.Count(dy.Rows), _add);
        }
    }
}

/// <summary>The rows of a, and those of b below them, image by image. Each gets its rows of the gradient.</summary>
internal sealed class StackStep(TrainingValue a, TrainingValue b, TrainingValue y) : TrainingStep
{
    /// <summary>Where the gradient of a goes; null if nothing needs it.</summary>
    public GradientSlot? FirstGradient { get; set; }

    /// <summary>Whether it is added to the values that are already there.</summary>
    public bool AccumulateFirst { get; set; }

    /// <summary>Where the gradient of b goes; null if nothing needs it.</summary>
    public GradientSlot? SecondGradient { get; set; }

    /// <summary>Whether it is added to the values that are already there.</summary>
    public bool AccumulateSecond { get; set; }

    public override Matrix Forward(TrainingContext context)
    {
        (Matrix first, Matrix second, Matrix both) = (a.In(context), b.In(context), y.In(context));
        int rows = first.Rows / context.Images;
        for (int image = 0; image < context.Images; image++)
        {
            Rows(first, context, image).CopyTo(Rows(both, context, image)[..(rows * both.Columns)]);
            Rows(second, context, image).CopyTo(Rows(both, context, image)[(rows * both.Columns)..]);
        }

        return both;
    }

    public override void Backward(TrainingContext context)
    {
        Matrix dy = Gradient!.Like(y.In(context));
        int length = a.In(context).Rows / context.Images * dy.Columns;
        for (int image = 0; image < context.Images; image++)
        {
            ReadOnlySpan<float> from = Rows(dy, context, image);
            PassOn(from[..length], FirstGradient, a, AccumulateFirst, context, image);
            PassOn(from[length..], SecondGradient, b, AccumulateSecond, context, image);
        }
    }

    private static void PassOn(
        ReadOnlySpan<float> dy, GradientSlot? gradient, TrainingValue value, bool accumulate, TrainingContext context, int image)
    {
        if (gradient is null)
        {
            return;
        }

        Span<float> to = Rows(gradient.Like(value.In(context)), context, image);
        if (accumulate)
        {
            TensorPrimitives.Add(to, dy, to);
        }
        else
        {
            dy.CopyTo(to);
        }
    }

    private static Span<float> Rows(Matrix matrix, TrainingContext context, int image)
    {
        int rows = matrix.Rows / context.Images;
        return matrix.TakeRows(image * rows, rows).AsSpan();
    }
}
