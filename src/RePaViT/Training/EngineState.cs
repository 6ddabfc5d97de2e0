using RePaViT.Operators;

namespace RePaViT.Training;

/// <summary>How an engine's state is laid out. All engines write the same, so a run can move from one to another.</summary>
internal static class EngineState
{
    /// <summary>The state's name of the center of a self-distilled run.</summary>
    public const string CenterName = "dino.center";

    private const string StepsName = "optimizer.steps";

    /// <summary>The state's name of a parameter's mean gradient.</summary>
    public static string MeanName(string parameter) => $"optimizer.m.{parameter}";

    /// <summary>The state's name of a parameter's mean squared gradient.</summary>
    public static string MeanSquareName(string parameter) => $"optimizer.v.{parameter}";

    /// <summary>The state's name of a tensor's moving average.</summary>
    public static string AverageName(string tensor) => $"average.{tensor}";

    /// <summary>Names of what cannot be below 0 in the state and among the weights of a network.</summary>
    public static IEnumerable<string> NamesFromZero(IEnumerable<TensorSpec> tensors)
        => tensors.SelectMany(spec => spec.Role == TensorRole.RunningVariance
            ? [spec.Name, AverageName(spec.Name)]
            : (IEnumerable<string>)[MeanSquareName(spec.Name)]);

    /// <summary>Adds the number of steps taken.</summary>
    public static void AddSteps(this NamedTensors state, long steps)
        // Two floats hold any number of steps exactly; one would only up to 2^24.
        => state.Add(StepsName, new WeightTensor([steps >> 20, steps & ((1 << 20) - 1)], 2));

    /// <summary>The number of steps taken.</summary>
    /// <exception cref="ArgumentException">It is missing, has another shape, or is below 0.</exception>
    public static long GetSteps(this NamedTensors state)
    {
        Span<float> steps = stackalloc float[2];
        state.CopyState(StepsName, [2], steps);
        return steps[0] >= 0 && steps[1] >= 0
            ? ((long)steps[0] << 20) + (long)steps[1]
            : throw new ArgumentException($"The training state counts {steps[0]}, {steps[1]} steps, which is not a number of steps.");
    }

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
