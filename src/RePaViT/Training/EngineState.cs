namespace RePaViT.Training;

internal static class EngineState
{
    /// <summary>Copies one tensor of an engine's state to where it lives.</summary>
    /// <exception cref="ArgumentException">It is missing or has another shape.</exception>
    public static void CopyState(this NamedTensors state, string name, ReadOnlySpan<int> shape, Span<float> destination)
    {
        if (!state.TryGet(name, out WeightTensor? tensor))
        {
            throw new ArgumentException($"The training state has no tensor '{name}'.");
        }

        if (!tensor.Shape.SequenceEqual(shape))
        {
            throw new ArgumentException(
                $"Tensor '{name}' of the training state has shape {tensor}, but [{string.Join(", ", shape.ToArray())}] is needed.");
        }

        tensor.Data.CopyTo(destination);
    }
}
