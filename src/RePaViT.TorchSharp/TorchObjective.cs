using RePaViT.Objectives;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>Every objective as an expression of tensors.</summary>
internal static class TorchObjective
{
    // What a logarithm is taken of at least; multiplied by 0.
    private const double Least = 1e-30;

    /// <summary>The mean loss of a batch.</summary>
    /// <param name="objective">What to make small.</param>
    /// <param name="output">What the network gave, [images, values].</param>
    /// <param name="targets">What it should give, [images, length of the target].</param>
    public static torch.Tensor Loss(Objective objective, torch.Tensor output, torch.Tensor targets) => objective switch
    {
        CrossEntropy => Entropy(output, targets),
        TokenLabelCrossEntropy weights => Loss(
            weights, -(Rows(targets, weights.Classes) * Rows(output, weights.Classes).log_softmax(2)).sum(2)),
        ScoreDistillation scores => Loss(
            scores, output, targets.narrow(1, 0, scores.Classes), targets.narrow(1, scores.Classes, scores.Classes)),
        FeatureDistillation features => Loss(
            features,
            output.narrow(1, 0, features.Classes),
            targets.narrow(1, 0, features.Classes),
            (output - targets).narrow(1, features.Classes, output.shape[1] - features.Classes)),
        _ => throw new NotSupportedException($"The TorchSharp engine has no objective {objective.GetType().Name}."),
    };

    private static torch.Tensor Entropy(torch.Tensor logits, torch.Tensor targets)
        => -(targets * logits.log_softmax(1)).sum() / (double)logits.shape[0];

    private static torch.Tensor Rows(torch.Tensor values, int columns) => values.view(values.shape[0], -1, columns);

    /// <param name="weights">What rows count.</param>
    /// <param name="rows">The cross-entropy of each row, [images, rows].</param>
    private static torch.Tensor Loss(TokenLabelCrossEntropy weights, torch.Tensor rows)
        => weights.ClassWeight * rows.narrow(1, 0, 1).mean() + weights.TokenWeight * rows.narrow(1, 1, rows.shape[1] - 1).mean();

    private static torch.Tensor Loss(ScoreDistillation scores, torch.Tensor logits, torch.Tensor labels, torch.Tensor teacher)
    {
        torch.Tensor logShares = (logits / scores.Temperature).log_softmax(1);
        torch.Tensor divergence = (teacher * (teacher.clamp_min(Least).log() - logShares)).sum() / (double)logits.shape[0];
        return (1 - scores.Weight) * Entropy(logits, labels) + scores.Weight * scores.Temperature * scores.Temperature * divergence;
    }

    private static torch.Tensor Loss(FeatureDistillation features, torch.Tensor logits, torch.Tensor labels, torch.Tensor difference)
        => (1 - features.Weight) * Entropy(logits, labels) + features.Weight * difference.square().mean();
}
