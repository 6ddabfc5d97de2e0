using RePaViT.Operators;
using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// The tensors of a network in training: matrices, which decay, vectors, which do not, and running statistics. Those that learn are
/// grouped further by their share of the learning rate, and by whether they learn from the first step on.
/// </summary>
internal sealed class TorchWeights : IDisposable
{
    private readonly TensorSpec[] _specs;
    private readonly Dictionary<string, torch.Tensor> _statistics;

    public TorchWeights(IEnumerable<TensorSpec> tensors, torch.Device device, LayerRates? rates = null, LateTensor? late = null)
    {
        _specs = [.. tensors];
        TrainedGroups = [.. _specs.Where(spec => spec.IsTrained)
            .GroupBy(spec => (spec.Decays, (rates ?? LayerRates.Same).RateOf(spec.Name), late?.Name == spec.Name))
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

    /// <summary>What gradients are for. All of a group decay or none, learn at the same rate, and begin to learn at the same time.</summary>
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

    public void RequireGradients()
    {
        foreach (FlatTensors group in TrainedGroups)
        {
            group.Values.requires_grad_();
        }
    }

    public void ClearGradients()
    {
        foreach (FlatTensors group in TrainedGroups)
        {
            group.Values.grad = null;
        }
    }

    /// <summary>Waits for the device: loss and hits of a batch, and the global norm of the gradients, come back together.</summary>
    /// <param name="loss">The mean loss.</param>
    /// <param name="correct">How many images are classified right.</param>
    public (BatchResult Result, double Norm) Fetch(torch.Tensor loss, torch.Tensor correct)
    {
        IEnumerable<torch.Tensor> norms = TrainedGroups.Select(group => FlatTensors.Norm(group.Values.grad!));
        torch.Tensor[] scalars = [loss, correct.@float(), .. norms];
        ReadOnlySpan<float> results = torch.stack(scalars).cpu().AsSpan();
        double all = 0;
        foreach (float norm in results[2..])
        {
            all = double.Hypot(all, norm);
        }

        return (new BatchResult(results[0], (int)results[1]), all);
    }

    /// <summary>Copies of the gradients in host memory; zeros where there are none.</summary>
    public NamedTensors GradientsToHost()
    {
        var gradients = new NamedTensors();
        foreach (FlatTensors group in TrainedGroups)
        {
            using torch.Tensor gradient = group.Values.grad ?? torch.zeros_like(group.Values);
            group.AddTo(gradients, name => name, gradient);
        }

        return gradients;
    }

    /// <summary>Adds copies of all tensors to tensors in host memory.</summary>
    public void AddTo(NamedTensors target, Func<string, string> name)
    {
        foreach ((string own, WeightTensor tensor) in ToHost())
        {
            target.Add(name(own), tensor);
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
