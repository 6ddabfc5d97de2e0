using RePaViT.Kernels;
using RePaViT.Operators;

namespace RePaViT.Training.Managed;

/// <summary>A tensor of the network in training, in memory that the kernels can read.</summary>
internal sealed class TrainingParameter(TensorSpec spec) : IParameter
{
    private readonly PinnedBuffer _value = new(spec.Length);
    private readonly PinnedBuffer? _gradient = spec.IsTrained ? new PinnedBuffer(spec.Length) : null;

    public TensorSpec Spec { get; } = spec;

    public Span<float> Value => _value.Span;

    public Span<float> Gradient => _gradient is null ? [] : _gradient.Span;

    /// <summary>The value as [1, length].</summary>
    public Matrix Row => _value.AsMatrix(1, _value.Length);

    /// <summary>The value as [first dimension, all others].</summary>
    public Matrix Matrix => _value.AsMatrix(Spec.Shape[0], _value.Length / Spec.Shape[0]);

    /// <summary>The gradient as [first dimension, all others].</summary>
    public Matrix GradientMatrix => _gradient!.AsMatrix(Spec.Shape[0], _gradient.Length / Spec.Shape[0]);
}
