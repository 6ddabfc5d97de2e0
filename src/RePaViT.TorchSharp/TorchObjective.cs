using RePaViT.Objectives;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>Every objective as an expression of tensors.</summary>
internal static class TorchObjective
{
    /// <summary>The mean loss of a batch.</summary>
    /// <param name="objective">What to make small.</param>
    /// <param name="output">What the network gave, [images, columns] or [images, rows, columns].</param>
    /// <param name="targets">What it should give, of the same shape.</param>
    public static torch.Tensor Loss(Objective objective, torch.Tensor output, torch.Tensor targets) => objective switch
    {
        CrossEntropy => -(targets * output.log_softmax(1)).sum() / (double)output.shape[0],
        TokenLabelCrossEntropy weights => Loss(weights, -(targets * output.log_softmax(2)).sum(2)),
        _ => throw new NotSupportedException($"The TorchSharp engine has no objective {objective.GetType().Name}."),
    };

    /// <param name="weights">What rows count.</param>
    /// <param name="rows">The cross-entropy of each row, [images, rows].</param>
    private static torch.Tensor Loss(TokenLabelCrossEntropy weights, torch.Tensor rows)
        => weights.ClassWeight * rows.narrow(1, 0, 1).mean() + weights.TokenWeight * rows.narrow(1, 1, rows.shape[1] - 1).mean();
}
