using RePaViT.Operators;
using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// The tensors of a network in training: matrices, which decay, vectors, which do not, and running statistics. Those that learn are
/// grouped further by their share of the learning rate.
/// </summary>
internal sealed class TorchWeights : IDisposable
{
    private readonly TensorSpec[] _specs;
    private readonly Dictionary<string, torch.Tensor> _statistics;

    public TorchWeights(IEnumerable<TensorSpec> tensors, torch.Device device, LayerRates? rates = null)
    {
        _specs = [.. tensors];
        TrainedGroups = [.. _specs.Where(spec => spec.IsTrained)
            .GroupBy(spec => (spec.Decays, (rates ?? LayerRates.Same).RateOf(spec.Name)))
            .OrderByDescending(group => group.Key.Decays)
            .Select(group => new FlatTensors(group, device))];
        Statistics = new FlatTensors(_specs.Where(spec => !spec.IsTrained), device);

        // Autograd counts changes per tensor, with all its views. Each statistic needs a count of its own: one layer's may
        // change while the way back through another still holds on to its own.
        using DisposeScope scope = torch.NewDisposeScope();
        _statistics = Statistics.Specs.Zip(Statistics.Split(Statistics.Values)).ToDictionary(
            pair => pair.First.Name,
            pair => torch.empty(0, device: device).set_(pair.Second).DetachFromDisposeScope(),
            StringComparer.Ordinal);
    }

    public FlatTensors Statistics { get; }

    public IEnumerable<FlatTensors> Groups => [.. TrainedGroups, Statistics];

    /// <summary>What gradients are for. All of a group decay or none, and learn at the same rate.</summary>
    public IReadOnlyList<FlatTensors> TrainedGroups { get; }

    /// <summary>Each tensor by name, as part of its group's memory.</summary>
    public Dictionary<string, torch.Tensor> Views()
    {
        var views = new Dictionary<string, torch.Tensor>(_statistics, StringComparer.Ordinal);
        foreach (FlatTensors group in TrainedGroups)
        {
            foreach ((TensorSpec spec, torch.Tensor view) in group.Specs.Zip(group.Split(group.Values)))
            {
                views.Add(spec.Name, view);
            }
        }

        return views;
    }

    /// <exception cref="ArgumentException">A tensor is missing or has another shape.</exception>
    public void Set(NamedTensors source, Func<string, string> name)
    {
        foreach (FlatTensors group in Groups)
        {
            group.Set(source, name);
        }
    }

    /// <summary>Copies in host memory, in the order of the layers.</summary>
    public NamedTensors ToHost()
    {
        var unordered = new NamedTensors();
        foreach (FlatTensors group in Groups)
        {
            group.AddTo(unordered, name => name);
        }

        var ordered = new NamedTensors();
        foreach (TensorSpec spec in _specs)
        {
            ordered.Add(spec.Name, unordered[spec.Name]);
        }

        return ordered;
    }

    public void Dispose()
    {
        foreach (IDisposable tensors in Groups.Concat<IDisposable>(_statistics.Values))
        {
            tensors.Dispose();
        }
    }
}
