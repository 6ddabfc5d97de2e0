using RePaViT.Operators;

namespace RePaViT.Training;

/// <summary>A tensor of the network in training, in memory that the engine owns.</summary>
internal interface IParameter
{
    TensorSpec Spec { get; }

    Span<float> Value { get; }

    /// <summary>As long as <see cref="Value"/>; empty for a running statistic, which has none.</summary>
    Span<float> Gradient { get; }
}
