using RePaViT.Kernels;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Training.Pretraining;

namespace RePaViT.Training.Managed;

/// <summary>Trains and validates on the CPU, without native libraries.</summary>
internal sealed class ManagedBackend : ITrainingBackend
{
    /// <inheritdoc/>
    public string ComputesWith => InstructionSet.Name;

    /// <inheritdoc/>
    public ITrainingEngine CreateEngine(Network network, Objective objective, TrainingRecipe recipe, int? threads)
        => new ManagedTrainingEngine(network, objective, recipe, threads);

    /// <inheritdoc/>
    public ITrainingEngine CreateSelfDistillation(
        CropNetworks networks, SelfDistillation options, SelfDistillationSchedule schedule, TrainingRecipe recipe, int? threads)
        => new ManagedSelfDistillationEngine(networks, options, schedule, recipe, threads);

    /// <summary>Measures the network as it will be deployed: reparameterized where it can be.</summary>
    public Evaluation Evaluate(
        ModelDescription network, NamedTensors weights, IImageDataset dataset, int? threads, CancellationToken cancellationToken)
    {
        Network trained = network.Architecture.CreateNetwork(NetworkForm.Trained, weights);
        return new RePaViTModel(network, trained, threads).Reparameterize().Evaluate(dataset, cancellationToken);
    }
}
