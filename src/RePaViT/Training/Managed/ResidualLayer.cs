using System.Numerics.Tensors;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>y = x + DropPath(branch(x)). The gradient of x is made in the memory of that of y.</summary>
internal abstract class ResidualLayer : TrainingLayer
{
    private readonly DropPath _dropPath;
    private readonly PinnedBuffer _output;
    private readonly Action<int, int> _add;
    private Matrix _x;
    private Matrix _y;

    protected ResidualLayer(int tokens, int dim, int batchSize, DropPath dropPath)
    {
        _dropPath = dropPath;
        _output = new PinnedBuffer((long)batchSize * tokens * dim);
        _add = (chunk, _) => TensorPrimitives.Add(_x.Chunk(chunk).AsSpan(), _y.Chunk(chunk).AsSpan(), _y.Chunk(chunk).AsSpan());
    }

    public sealed override Matrix Forward(TrainingContext context, Matrix x)
    {
        Matrix y = _output.AsMatrix(x.Rows, x.Columns);
        ForwardBranch(context, x, y);
        if (_dropPath.IsActive)
        {
            _dropPath.Draw(context);
            _dropPath.Forward(context, x, y);
        }
        else
        {
            (_x, _y) = (x, y);
            context.Team.Run(RowChunks.Count(x.Rows), _add);
        }

        return y;
    }

    public sealed override Matrix Backward(TrainingContext context, Matrix dy)
    {
        Matrix dBranch = dy;
        if (_dropPath.IsActive)
        {
            dBranch = context.BranchGradient(dy.Rows, dy.Columns);
            _dropPath.Backward(context, dy, dBranch);
        }

        BackwardBranch(context, dBranch, dy);
        return dy;
    }

    /// <summary>branch = the branch's result for x.</summary>
    protected abstract void ForwardBranch(TrainingContext context, Matrix x, Matrix branch);

    /// <summary>
    /// dx += the gradient of x through the branch. The memory of dBranch may be that of dx: it must be done with before
    /// dx is changed.
    /// </summary>
    protected abstract void BackwardBranch(TrainingContext context, Matrix dBranch, Matrix dx);
}
