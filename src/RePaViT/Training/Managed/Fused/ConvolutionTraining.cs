using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed.Fused;

/// <summary>
/// A convolution of a map by filters at every place. What they see is never there as a whole: it would be many times the map,
/// and stay until the way back. The gradient of the map is that of the result under the filters turned around.
/// </summary>
internal sealed class ConvolutionTraining : TrainingOperator
{
    // Rows of what filters see that are there at a time.
    private const int RowsPerBlock = 1024;

    private readonly Linear _filters;
    private readonly TrainingParameter _weight;
    private readonly TrainingParameter? _bias;
    private readonly MapConvolution _forward;
    private readonly MapConvolution _backward;
    private readonly PackedMatrix _packed = new();
    private readonly PinnedBuffer _ordered;
    private readonly PinnedBuffer _seen;
    private readonly int _channels;
    private readonly int _taps;

    public ConvolutionTraining(Convolution convolution, TrainingContext context)
    {
        ConvolutionTable table = convolution.Table;
        _filters = convolution.Filters;
        _weight = new TrainingParameter(_filters.Weight);
        _bias = _filters.Bias is null ? null : new TrainingParameter(_filters.Bias);
        (_channels, _taps) = (table.Channels, table.Kernel * table.Kernel);
        var back = new ConvolutionTable(
            _filters.Outputs, table.PerSide, table.Kernel, Stride: 1, table.Kernel - 1 - table.Padding, IsImage: false);
        _forward = new MapConvolution(context.Team, table.Places(), _taps, _channels);
        _backward = new MapConvolution(context.Team, back.Places(), _taps, _filters.Outputs);
        _ordered = new PinnedBuffer(_filters.Weight.Length);
        _seen = new PinnedBuffer((long)RowsPerBlock * _taps * _channels);
    }

    public override IReadOnlyList<TrainingParameter> Parameters => _bias is null ? [_weight] : [_weight, _bias];

    public override bool CanSkipInputGradient => true;

    /// <summary>Whether it can do a convolution.</summary>
    public static bool CanDo(Convolution convolution)
        => convolution.Table is { IsImage: false, Stride: 1, Kernel: > 1 } table && table.Padding < table.Kernel;

    public override void Forward(TrainingContext context, Matrix x, Matrix y)
    {
        Matrix ordered = _ordered.AsMatrix(_filters.Outputs, _taps * _channels);
        for (int output = 0; output < ordered.Rows; output++)
        {
            MapConvolution.OrderByPlace(_weight.Matrix.Row(output), ordered.Row(output), _channels);
        }

        _packed.Pack(context.Team, ordered, transposed: true);
        _forward.Forward(x, _packed, y, context.Images, _bias is null ? default : GemmEpilogue.AddBias(_bias.Row));
    }

    public override void Backward(TrainingContext context, Matrix x, Matrix y, Matrix dy, Matrix dx, bool accumulate)
    {
        AddWeightGradient(context, x, dy);
        if (_bias is not null)
        {
            context.Columns.AddColumnSums(dy, _bias.Gradient);
        }

        if (dx.Rows > 0)
        {
            PackTurnedFilters(context);
            _backward.Forward(dy, _packed, dx, context.Images, default, accumulate);
        }
    }

    /// <summary>dW += dy' (what the filters saw), some rows after the others.</summary>
    private void AddWeightGradient(TrainingContext context, Matrix x, Matrix dy)
    {
        Matrix gradient = _ordered.AsMatrix(_filters.Outputs, _taps * _channels);
        for (int first = 0; first < dy.Rows; first += RowsPerBlock)
        {
            int rows = Math.Min(RowsPerBlock, dy.Rows - first);
            Matrix seen = _seen.AsMatrix(rows, _taps * _channels);
            _forward.Gather(x, first, seen, context.Images);
            context.MultiplyBackwardWeight(dy.TakeRows(first, rows), seen, gradient, accumulate: first > 0);
        }

        for (int output = 0; output < gradient.Rows; output++)
        {
            ReadOnlySpan<float> from = gradient.Row(output);
            Span<float> to = _weight.GradientMatrix.Row(output);
            for (int i = 0; i < from.Length; i++)
            {
                to[i % _channels * _taps + i / _channels] += from[i];
            }
        }
    }

    /// <summary>Filters that read the gradient of the result: the last place first, outputs in place of channels.</summary>
    private void PackTurnedFilters(TrainingContext context)
    {
        Matrix turned = _ordered.AsMatrix(_channels, _taps * _filters.Outputs);
        for (int channel = 0; channel < _channels; channel++)
        {
            Span<float> to = turned.Row(channel);
            for (int i = 0; i < to.Length; i++)
            {
                (int tap, int output) = Math.DivRem(i, _filters.Outputs);
                to[i] = _weight.Matrix.Row(output)[channel * _taps + _taps - 1 - tap];
            }
        }

        _packed.Pack(context.Team, turned, transposed: true);
    }
}
