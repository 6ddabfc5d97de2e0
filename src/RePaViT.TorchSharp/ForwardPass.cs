using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>What the operators of a network work with while a batch goes through: weights by name, tables, and the mode.</summary>
internal sealed class ForwardPass
{
    private readonly torch.ScalarType _computeType;
    private int _branch;

    public ForwardPass(IReadOnlyDictionary<string, torch.Tensor> weights, DeviceTables tables, TorchPrecision precision, bool isTraining)
    {
        Weights = weights;
        Tables = tables;
        _computeType = precision.ToScalarType();
        IsTraining = isTraining;
    }

    public IReadOnlyDictionary<string, torch.Tensor> Weights { get; }

    /// <summary>Of the same device.</summary>
    public DeviceTables Tables { get; }

    /// <summary>Whether batch normalization takes the batch's statistics, and residual branches are dropped.</summary>
    public bool IsTraining { get; }

    /// <summary>Whether runs of operators may be done as one: never needed, only faster.</summary>
    public bool IsFusing { get; init; } = true;

    /// <summary>
    /// What each residual branch is multiplied by, for each image: [branches, images, 1, 1]; null for 1. Branches count
    /// in the order in which they run.
    /// </summary>
    public torch.Tensor? BranchScales { get; init; }

    /// <summary>The tokens that images of the batch exchange.</summary>
    public CutBox Exchanged { get; init; }

    /// <summary>An operand of a matrix product.</summary>
    public torch.Tensor Operand(torch.Tensor tensor) => tensor.to_type(_computeType);

    /// <summary>
    /// What runs through the residual sums: 32 bits in training, where small steps must add up over many blocks.
    /// </summary>
    public torch.Tensor Stream(torch.Tensor tensor) => IsTraining ? tensor.@float() : tensor.to_type(_computeType);

    /// <summary>y = x + DropPath(branch).</summary>
    public torch.Tensor Residual(torch.Tensor x, torch.Tensor branch)
    {
        int index = _branch++;
        return BranchScales is null ? x + branch : x + branch * BranchScales.select(0, index);
    }

    /// <summary>The tokens in the box are those of the image's partner.</summary>
    /// <param name="x">[images, side * side, columns].</param>
    /// <param name="side">Tokens along each side of the map.</param>
    public torch.Tensor Exchange(torch.Tensor x, int side)
    {
        if (Exchanged.Area == 0)
        {
            return x.alias();
        }

        bool[] isInside = new bool[side * side];
        for (int y = Exchanged.Top; y < Exchanged.Bottom; y++)
        {
            isInside.AsSpan(y * side + Exchanged.Left, Exchanged.Right - Exchanged.Left).Fill(true);
        }

        return torch.where(torch.tensor(isInside, device: x.device).view(1, -1, 1), x.flip(0), x);
    }
}
