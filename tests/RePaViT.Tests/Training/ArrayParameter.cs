using RePaViT.Operators;
using RePaViT.Training;

namespace RePaViT.Tests.Training;

/// <summary>A parameter in plain arrays.</summary>
internal sealed class ArrayParameter(TensorSpec spec, float[] value) : IParameter
{
    private readonly float[] _gradient = new float[spec.IsTrained ? value.Length : 0];

    public TensorSpec Spec { get; } = spec;

    public Span<float> Value => value;

    public Span<float> Gradient => _gradient;

    /// <summary>Random values and, on demand, random gradients.</summary>
    public static ArrayParameter Random(Random random, string name, TensorRole role, params int[] shape)
        => new(new TensorSpec(name, role, shape), RandomArray(random, shape.Aggregate(1, (a, b) => a * b)));

    public static float[] RandomArray(Random random, int length)
        => [.. Enumerable.Range(0, length).Select(_ => (float)(2 * random.NextDouble() - 1))];
}
