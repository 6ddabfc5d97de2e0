using RePaViT.Operators;
using RePaViT.Rewrites;

namespace RePaViT.Training;

/// <summary>Tensors of a model that a run leaves as they are: they are stored with those that it trains.</summary>
internal sealed class FixedTensors
{
    private readonly TensorSpec[] _specs;

    /// <param name="specs">Which they are.</param>
    /// <param name="weights">Holds them, and maybe others.</param>
    public FixedTensors(IEnumerable<TensorSpec> specs, NamedTensors weights)
    {
        _specs = [.. specs];
        Values.Copy(_specs, weights);
    }

    public NamedTensors Values { get; } = new();

    /// <summary>These, and then others.</summary>
    public NamedTensors FollowedBy(NamedTensors trained)
    {
        var all = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in Values.Concat(trained))
        {
            all.Add(name, tensor);
        }

        return all;
    }

    /// <summary>The same tensors as a state has them.</summary>
    /// <exception cref="ArgumentException">One is missing or has another shape.</exception>
    public FixedTensors ReadFrom(NamedTensors state)
    {
        var weights = new NamedTensors();
        foreach (TensorSpec tensor in _specs)
        {
            float[] values = new float[tensor.Length];
            state.CopyState(tensor.Name, tensor.Shape, values);
            weights.Add(tensor.Name, new WeightTensor(values, tensor.Shape));
        }

        return new FixedTensors(_specs, weights);
    }
}
