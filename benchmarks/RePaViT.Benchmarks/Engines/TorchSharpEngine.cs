using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Torch;
using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Benchmarks.Engines;

/// <summary>The engine of TorchSharp. Compiled only where the build has it.</summary>
internal sealed class TorchSharpEngine : IBenchmarkEngine
{
    private readonly torch.Device _device;
    private readonly TorchPrecision _precision;

    /// <exception cref="NotSupportedException">The device cannot be used; the message says what is missing.</exception>
    public TorchSharpEngine(DeviceKind device, Precision precision)
    {
        _device = TorchLibrary.Current.Device(device == DeviceKind.Cuda);
        _precision = precision == Precision.Bf16 ? TorchPrecision.BFloat16 : TorchPrecision.Float32;
        Backend = new TorchBackend(_device, _precision);
        string place = "CPU";
        if (device == DeviceKind.Cuda)
        {
            place = TorchLibrary.Current.Reason;
            torch.backends.cuda.matmul.allow_tf32 = precision != Precision.Fp32;
        }

        Description = $"TorchSharp, {place}, {precision.ToString().ToLowerInvariant()}";
    }

    public string Description { get; }

    public ITrainingBackend Backend { get; }

    public float[] Logits(Network network, ReadOnlySpan<float> images, int count)
    {
        float[] logits = new float[count * network.ToGraph().Graph.Output.Shape.Columns];
        using TorchInferenceEngine engine = Compile(network);
        engine.Run(images, count, logits);
        return logits;
    }

    public TrainingStep Step(Network network, TrainingBatch batch)
    {
        using var engine = new TorchTrainingEngine(network, new CrossEntropy(), TrainingStep.Recipe(batch), _device, _precision);
        BatchResult result = engine.Accumulate(batch, scale: 1, dropPathKey: 0);
        return new TrainingStep(
            result.Loss, TrainingLogits(network, batch), engine.GetGradients(), engine.GetWeights(averaged: false));
    }

    public void Wait()
    {
        if (_device.type == DeviceType.CUDA)
        {
            torch.cuda.synchronize();
        }
    }

    public IForward Prepare(Network network, float[] images, int count)
        => new Forward(Compile(network), torch.tensor(images, [count, images.Length / count], device: _device).DetachFromDisposeScope());

    private TorchInferenceEngine Compile(Network network)
        => new(network, _device, _precision);

    /// <summary>The training engine keeps its logits to itself; this is the same forward pass.</summary>
    private float[] TrainingLogits(Network network, TrainingBatch batch)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable withoutGradients = torch.no_grad();
        using var tables = new DeviceTables(_device);
        using var weights = new TorchWeights(network.Layers.SelectMany(layer => layer.Tensors), _device);
        weights.Set(network.Weights, name => name);
        torch.Tensor images = torch.tensor(batch.Images, [batch.Count, batch.Images.Length / batch.Capacity], device: _device);
        var pass = new ForwardPass(weights.Views(), tables, _precision, isTraining: true);
        return TorchNetwork.Forward(network.ToGraph().Graph, images, pass).cpu().AsSpan().ToArray();
    }

    private sealed class Forward(TorchInferenceEngine engine, torch.Tensor images) : IForward
    {
        public void Run(int calls)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            for (int call = 1; call < calls; call++)
            {
                engine.Forward(images).Dispose();
            }

            // A copy to the host waits for everything before it.
            engine.Forward(images).cpu();
        }

        public void Dispose()
        {
            engine.Dispose();
            images.Dispose();
        }
    }
}
