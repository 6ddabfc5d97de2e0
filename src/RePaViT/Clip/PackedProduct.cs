using RePaViT.Kernels;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Clip;

/// <summary>The weight and the bias of a linear layer, laid out for the kernels.</summary>
internal sealed class PackedProduct
{
    private readonly PackedMatrix _weight;
    private readonly PinnedBuffer? _bias;

    public PackedProduct(Linear linear, NamedTensors weights, ThreadTeam team)
    {
        _weight = PackedMatrix.OfLinearWeight(team, weights[linear.Weight.Name].Data, linear.Outputs);
        _bias = linear.Bias is null ? null : PinnedBuffer.Of(weights[linear.Bias.Name].Data);
    }

    /// <summary>y = x W' + b, or y += x W' + b.</summary>
    public void Run(Gemm gemm, Matrix x, Matrix y, bool accumulate = false)
        => gemm.Multiply(x, _weight, y, _bias is null ? default : GemmEpilogue.AddBias(Row(_bias)), accumulate);

    /// <summary>y = act(x W' + b).</summary>
    public void Run(Gemm gemm, Matrix x, Matrix y, ActivationKind activation)
        => gemm.Multiply(x, _weight, y, activation == ActivationKind.QuickGelu
            ? GemmEpilogue.AddBiasThenQuickGelu(Row(_bias!), y.Columns)
            : GemmEpilogue.AddBiasThenGelu(Row(_bias!), y.Columns));

    private static Matrix Row(PinnedBuffer vector) => vector.AsMatrix(1, vector.Length);
}
