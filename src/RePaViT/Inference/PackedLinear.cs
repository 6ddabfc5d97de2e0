using RePaViT.Kernels;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Inference;

/// <summary>A product in 32-bit floats.</summary>
internal sealed class PackedLinear : LinearProduct
{
    private readonly PackedMatrix _weight;

    private PackedLinear(PackedMatrix weight, PinnedBuffer bias)
        : base(bias) => _weight = weight;

    public int Inputs => _weight.Depth;

    /// <summary>Packs the weight, or shares it if it is packed already.</summary>
    public static PackedLinear Of(Linear linear, NamedTensors weights, ThreadTeam team)
    {
        WeightTensor weight = weights[linear.Weight.Name];
        return new(
            weight.Packed ?? PackedMatrix.OfLinearWeight(team, weight.Data, linear.Outputs),
            PinnedBuffer.Of(linear.Bias is null ? default : weights[linear.Bias.Name].Data));
    }

    /// <summary>Packs the weight with rows of length 1.</summary>
    public static PackedLinear Of(WeightNormalizedLinear linear, NamedTensors weights, ThreadTeam team)
    {
        int outputs = linear.Direction.Shape[0];
        var unit = PinnedBuffer.Of(weights[linear.Direction.Name].Data);
        Matrix rows = unit.AsMatrix(outputs, unit.Length / outputs);
        UnitRows.Forward(rows, rows, NormalizeRows.Epsilon);
        return new(PackedMatrix.OfLinearWeight(team, unit.Span, outputs), PinnedBuffer.Of(default));
    }

    /// <summary>Filters whose inputs are in the order of places, with all channels of each: [outputs, height, width, channels].</summary>
    public static PackedLinear OfFilters(Linear filters, NamedTensors weights, ThreadTeam team)
    {
        ReadOnlySpan<float> weight = weights[filters.Weight.Name].Data;
        float[] ordered = new float[weight.Length];
        for (int start = 0; start < weight.Length; start += filters.Inputs)
        {
            MapConvolution.OrderByPlace(
                weight.Slice(start, filters.Inputs), ordered.AsSpan(start, filters.Inputs), channels: filters.Weight.Shape[1]);
        }

        return new(
            PackedMatrix.OfLinearWeight(team, ordered, filters.Outputs),
            PinnedBuffer.Of(filters.Bias is null ? default : weights[filters.Bias.Name].Data));
    }

    /// <summary>Two layers with a bias and of the same input as one: the outputs of the first, then those of the second.</summary>
    public static PackedLinear SideBySide(PackedLinear first, PackedLinear second)
        => new(PackedMatrix.SideBySide(first._weight, second._weight), PinnedBuffer.Of([.. first.Bias.Span, .. second.Bias.Span]));

    /// <summary>The layer that computes some of the outputs.</summary>
    public PackedLinear TakeOutputs(int start, int count)
        => new(_weight.TakeColumns(start, count), PinnedBuffer.Of(Bias.Length == 0 ? default : Bias.Span.Slice(start, count)));

    /// <summary>The same layer with factors rounded to 8 bits.</summary>
    /// <param name="team">Threads to share the work.</param>
    /// <param name="withoutShortcut">Whether to leave out the identity: of y = x + x (W - 1)' + b the first x is not rounded.</param>
    public QuantizedLinear Quantize(ThreadTeam team, bool withoutShortcut = false)
        => new(new QuantizedMatrix(team, _weight, withoutShortcut), Bias);

    /// <summary>y = act(what filters see of x, times the filters, + b).</summary>
    /// <param name="kernel">Says what they see.</param>
    /// <param name="x">The map, [images * places, channels].</param>
    /// <param name="y">[images * places, outputs].</param>
    /// <param name="activation">As for a product.</param>
    /// <param name="images">Number of images.</param>
    public void Convolve(MapConvolution kernel, Matrix x, Matrix y, Activate? activation, int images)
        => kernel.Forward(x, _weight, y, images, Epilogue(activation));

    /// <inheritdoc/>
    public override void Run(InferenceContext context, Matrix x, Matrix y, Activate? activation = null, bool accumulate = false)
        => context.Gemm.Multiply(x, _weight, y, Epilogue(activation), accumulate);
}
