using RePaViT.Objectives;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>Every objective as an expression of tensors.</summary>
internal static class TorchObjective
{
    /// <summary>The mean loss of a batch.</summary>
    /// <param name="objective">What to make small.</param>
    /// <param name="output">What the network gave, [images, columns].</param>
    /// <param name="targets">What it should give, [images, columns].</param>
    public static torch.Tensor Loss(Objective objective, torch.Tensor output, torch.Tensor targets) => objective switch
    {
        CrossEntropy => -(targets * output.log_softmax(1)).sum() / (double)output.shape[0],
        _ => throw new NotSupportedException($"The TorchSharp engine has no objective {objective.GetType().Name}."),
    };
}
