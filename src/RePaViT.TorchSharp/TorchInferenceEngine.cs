using RePaViT.Inference;
using RePaViT.Networks;
using RePaViT.Operators;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>A network on a device. Calls from several threads at once each take a staging buffer of their own.</summary>
internal sealed class TorchInferenceEngine : IInferenceEngine, IDisposable
{
    // Rows that go through the network together: enough to fill a GPU, few enough for a small one's memory.
    private const int RowsPerPass = 1 << 15;

    private const string Remedy = "free some of it, or score on the CPU";

    private readonly Graph _graph;
    private readonly torch.Device _device;
    private readonly TorchPrecision _precision;
    private readonly bool _fuse;
    private readonly DeviceTables _tables;
    private readonly Dictionary<string, torch.Tensor> _weights = new(StringComparer.Ordinal);
    private readonly int _imageLength;
    private readonly int _resultLength;
    private readonly int _imagesPerPass;
    private readonly Lock _lock = new();
    private readonly Stack<StagingBuffer> _idle = new();

    /// <param name="network">A network in any form, folded or not; its weights are copied.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="precision">What all but the first and the last layer is computed in.</param>
    /// <param name="fuse">Whether runs of operators may be done as one: never needed, only faster.</param>
    public TorchInferenceEngine(Network network, torch.Device device, TorchPrecision precision, bool fuse = true)
    {
        _fuse = fuse;
        _graph = network.ToGraph().Graph;
        _device = device;
        _precision = precision;
        _tables = new DeviceTables(device);
        _imageLength = (int)_graph.Input.Shape.Length;
        _resultLength = (int)_graph.Output.Shape.Length;
        _imagesPerPass = Math.Max(1, RowsPerPass / _graph.Nodes.Max(node => node.Result.Shape.Rows));
        for (int i = 0, exactBefore = 0; i < _graph.Nodes.Count; i++)
        {
            // Batch normalization is folded into the weights around it as they run.
            exactBefore = ChannelIdleBranch.Find(_graph, i) is null ? exactBefore : i + ChannelIdleBranch.Nodes;
            torch.ScalarType type = i < exactBefore || IsOuter(_graph.Nodes[i]) ? torch.ScalarType.Float32 : precision.ToScalarType();
            foreach (TensorSpec spec in _graph.Nodes[i].Operator.Tensors)
            {
                _weights.Add(spec.Name, Load(spec, network.Weights[spec.Name], type));
            }
        }
    }

    /// <inheritdoc cref="TorchInferenceEngine(Network, torch.Device, TorchPrecision, bool)"/>
    /// <exception cref="InsufficientMemoryException">The device has no room for the weights.</exception>
    public static TorchInferenceEngine Create(Network network, torch.Device device, TorchPrecision precision)
        => DeviceMemory.ComputeRepeatable("the network", Remedy, () => new TorchInferenceEngine(network, device, precision));

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<float> images, int count, Span<float> logits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNotEqual(images.Length, (long)count * _imageLength, nameof(images));
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, (long)count * _resultLength, nameof(logits));
        for (int start = 0; start < count; start += _imagesPerPass)
        {
            int pass = Math.Min(_imagesPerPass, count - start);
            RunPass(images.Slice(start * _imageLength, pass * _imageLength), pass, logits.Slice(start * _resultLength, pass * _resultLength));
        }
    }

    /// <summary>Logits of images that are on the device already, [images, channels * size * size].</summary>
    public torch.Tensor Forward(torch.Tensor images)
    {
        using IDisposable inference = torch.inference_mode();
        return TorchNetwork.Forward(_graph, images, new ForwardPass(_weights, _tables, _precision, isTraining: false) { IsFusing = _fuse });
    }

    public void Dispose()
    {
        foreach (IDisposable resource in _weights.Values.Concat<IDisposable>(_idle).Append(_tables))
        {
            resource.Dispose();
        }
    }

    private void RunPass(ReadOnlySpan<float> images, int count, Span<float> logits)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        StagingBuffer staging = DeviceMemory.ComputeRepeatable($"{count} images at once", Remedy, () => Rent(count));
        try
        {
            for (int image = 0; image < count; image++)
            {
                staging.SetRow(image, images.Slice(image * _imageLength, _imageLength));
            }

            torch.Tensor result = DeviceMemory.ComputeRepeatable($"{count} images at once", Remedy, () => Logits(staging, count));
            result.AsSpan().CopyTo(logits);
        }
        finally
        {
            Return(staging);
        }
    }

    /// <summary>In host memory. The copy waits for everything before it, so what was staged is free again.</summary>
    private torch.Tensor Logits(StagingBuffer staging, int count)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return scope.MoveToOuter(Forward(staging.Upload(count)).contiguous().cpu());
    }

    /// <summary>Whether an operator is the first or the last product of the network, which are computed in 32 bits.</summary>
    private bool IsOuter(Node node) => node.Operator is Linear && (node.Input.Index == 1 || node.Result == _graph.Output);

    private torch.Tensor Load(TensorSpec spec, WeightTensor weight, torch.ScalarType type)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor host = torch.tensor(weight.ToArray(), Array.ConvertAll(spec.Shape, size => (long)size));
        return host.to(type, _device).DetachFromDisposeScope();
    }

    private StagingBuffer Rent(int rows)
    {
        lock (_lock)
        {
            if (_idle.TryPop(out StagingBuffer? buffer))
            {
                if (buffer.Rows >= rows)
                {
                    return buffer;
                }

                buffer.Dispose();
            }
        }

        return new StagingBuffer(rows, _imageLength, _device);
    }

    private void Return(StagingBuffer buffer)
    {
        lock (_lock)
        {
            _idle.Push(buffer);
        }
    }
}
