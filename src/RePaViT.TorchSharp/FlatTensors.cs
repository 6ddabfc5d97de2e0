using RePaViT.Operators;
using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// Tensors side by side in one piece of device memory, so that what is done to all of them is one operation and not
/// hundreds.
/// </summary>
internal sealed class FlatTensors : IDisposable
{
    private readonly long[] _lengths;

    /// <summary>Zeros.</summary>
    public FlatTensors(IEnumerable<TensorSpec> specs, torch.Device device)
    {
        Specs = [.. specs];
        _lengths = [.. Specs.Select(spec => spec.Length)];
        Values = torch.zeros(_lengths.Sum(), dtype: torch.ScalarType.Float32, device: device).DetachFromDisposeScope();
    }

    public IReadOnlyList<TensorSpec> Specs { get; }

    /// <summary>All values, [sum of the lengths].</summary>
    public torch.Tensor Values { get; }

    /// <summary>
    /// The parts of a tensor that is laid out as <see cref="Values"/> is, each in its shape. Backward they are joined
    /// again in one go.
    /// </summary>
    public IEnumerable<torch.Tensor> Split(torch.Tensor flat)
        => Specs.Count == 0
            ? []
            : flat.split(_lengths).Zip(Specs, (part, spec) => part.view(Array.ConvertAll(spec.Shape, size => (long)size)));

    /// <summary>
    /// The Euclidean norm of a tensor that is laid out as <see cref="Values"/> is. By rows first: on a CPU, libtorch adds
    /// up squares one after the other, and over millions of them the fourth digit is lost.
    /// </summary>
    public static torch.Tensor Norm(torch.Tensor flat)
    {
        const long RowLength = 4096;
        long rows = flat.numel() / RowLength;
        torch.Tensor body = flat.narrow(0, 0, rows * RowLength).view(rows, RowLength);
        torch.Tensor rest = flat.narrow(0, rows * RowLength, flat.numel() % RowLength);
        return torch.cat([body.norm(1), rest.norm().view(1)]).norm();
    }

    /// <summary>Takes values from tensors in host memory.</summary>
    /// <param name="source">Where they are.</param>
    /// <param name="name">The name of a tensor there, by its name here.</param>
    /// <exception cref="ArgumentException">One is missing or has another shape.</exception>
    public void Set(NamedTensors source, Func<string, string> name)
    {
        using torch.Tensor host = torch.empty(_lengths.Sum(), dtype: torch.ScalarType.Float32);
        long start = 0;
        foreach (TensorSpec spec in Specs)
        {
            using torch.Tensor part = host.narrow(0, start, spec.Length);
            source.CopyState(name(spec.Name), spec.Shape, part.AsSpan());
            start += spec.Length;
        }

        using (torch.no_grad())
        {
            Values.copy_(host);
        }
    }

    /// <summary>Adds copies of the values to tensors in host memory.</summary>
    public void AddTo(NamedTensors target, Func<string, string> name) => AddTo(target, name, Values);

    /// <summary>Adds copies of the parts of a tensor that is laid out as <see cref="Values"/> is.</summary>
    public void AddTo(NamedTensors target, Func<string, string> name, torch.Tensor flat)
    {
        using torch.Tensor detached = flat.detach();
        using torch.Tensor host = detached.cpu();
        long start = 0;
        foreach (TensorSpec spec in Specs)
        {
            using torch.Tensor part = host.narrow(0, start, spec.Length);
            target.Add(name(spec.Name), new WeightTensor(part.AsSpan().ToArray(), spec.Shape));
            start += spec.Length;
        }
    }

    public void Dispose() => Values.Dispose();
}
