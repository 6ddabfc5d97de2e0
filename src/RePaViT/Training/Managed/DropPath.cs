using System.Numerics.Tensors;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>Scales a residual branch, image by image, as <see cref="DropPathChoice"/> says.</summary>
internal sealed class DropPath
{
    private readonly double _rate;
    private readonly float _factor;
    private readonly int _branch;
    private readonly int _tokens;
    private readonly float[] _scales;
    private readonly Action<int, int> _scaleAndAdd;
    private readonly Action<int, int> _scale;
    private readonly Action<int, int> _addScaled;
    private Matrix _from;
    private Matrix _to;

    /// <param name="rate">The probability, in [0, 1).</param>
    /// <param name="factor">What the branch is multiplied by in addition.</param>
    /// <param name="branch">Number of the branch in the network: every one makes choices of its own.</param>
    /// <param name="tokens">Rows of an image.</param>
    /// <param name="batchSize">Greatest number of images.</param>
    public DropPath(double rate, float factor, int branch, int tokens, int batchSize)
    {
        _rate = rate;
        _factor = factor;
        _branch = branch;
        _tokens = tokens;
        _scales = new float[batchSize];
        _scaleAndAdd = (image, _) => TensorPrimitives.MultiplyAdd(Image(_to, image), _scales[image], Image(_from, image), Image(_to, image));
        _scale = (image, _) => TensorPrimitives.Multiply(Image(_from, image), _scales[image], Image(_to, image));
        _addScaled = (image, _) => TensorPrimitives.MultiplyAdd(Image(_from, image), _scales[image], Image(_to, image), Image(_to, image));
    }

    /// <summary>Chooses for each image of the batch.</summary>
    public void Draw(TrainingContext context)
    {
        Span<float> scales = _scales.AsSpan(0, context.Images);
        DropPathChoice.Draw(scales, _rate, context.Seed, context.DropPathKey, _branch);
        TensorPrimitives.Multiply(scales, _factor, scales);
    }

    /// <summary>branch = x + scale branch.</summary>
    public void Forward(TrainingContext context, Matrix x, Matrix branch)
    {
        (_from, _to) = (x, branch);
        context.Team.Run(context.Images, _scaleAndAdd);
    }

    /// <summary>dBranch (+)= scale dy.</summary>
    public void Backward(TrainingContext context, Matrix dy, Matrix dBranch, bool accumulate)
    {
        (_from, _to) = (dy, dBranch);
        context.Team.Run(context.Images, accumulate ? _addScaled : _scale);
    }

    private Span<float> Image(Matrix matrix, int image) => matrix.TakeRows(image * _tokens, _tokens).AsSpan();
}
