using RePaViT.Inference;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Training;
using RePaViT.Training.Pretraining;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>Trains and validates through TorchSharp.</summary>
internal sealed class TorchBackend(torch.Device device, TorchPrecision precision) : ITrainingBackend
{
    /// <inheritdoc/>
    public string ComputesWith => device.type == DeviceType.CUDA ? "torchsharp-cuda" : "torchsharp-cpu";

    /// <inheritdoc/>
    public ITrainingEngine CreateEngine(Network network, Objective objective, TrainingRecipe recipe, int? threads)
    {
        SetThreads(threads);
        return DeviceMemory.ComputeRepeatable(
            "the network, its gradients and the optimizer's moments",
            "use a smaller network",
            () => new TorchTrainingEngine(network, objective, recipe, device, precision));
    }

    /// <inheritdoc/>
    public ITrainingEngine CreateSelfDistillation(
        CropNetworks networks, SelfDistillation options, SelfDistillationSchedule schedule, TrainingRecipe recipe, int? threads)
    {
        SetThreads(threads);
        return DeviceMemory.ComputeRepeatable(
            "student and teacher, gradients and the optimizer's moments",
            "use a smaller network",
            () => new TorchSelfDistillationEngine(networks, options, schedule, recipe, device, precision));
    }

    /// <inheritdoc/>
    public IInferenceEngine CreateInference(Network network, int? threads)
    {
        SetThreads(threads);
        return DeviceMemory.ComputeRepeatable(
            "the blocks that do not learn", "use a smaller network", () => new TorchInferenceEngine(network, device, precision));
    }

    /// <summary>Measures the network as it will be deployed: reparameterized where it can be, and in 32-bit floats.</summary>
    public Evaluation Evaluate(
        ModelDescription network, NamedTensors weights, IImageDataset dataset, int? threads, CancellationToken cancellationToken)
    {
        SetThreads(threads);
        TorchInferenceEngine? engine = null;
        try
        {
            Network trained = network.Architecture.CreateNetwork(NetworkForm.Trained, weights);
            return new RePaViTModel(network, trained, (folded, _) => engine = TorchInferenceEngine.Create(folded, device, TorchPrecision.Float32))
                .Reparameterize()
                .Evaluate(dataset, cancellationToken);
        }
        finally
        {
            engine?.Dispose();
        }
    }

    /// <summary>For the CPU, where the number is one for the whole process.</summary>
    private static void SetThreads(int? threads)
    {
        if (threads is int count)
        {
            torch.set_num_threads(count);
        }
    }
}
