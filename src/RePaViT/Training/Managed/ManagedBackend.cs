using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>Trains and validates on the CPU, without native libraries.</summary>
internal sealed class ManagedBackend : ITrainingBackend
{
    /// <inheritdoc/>
    public string ComputesWith => InstructionSet.Name;

    /// <inheritdoc/>
    public ITrainingEngine CreateEngine(
        Architecture architecture, TrainingRecipe recipe, NamedTensors? initialWeights, int? threads)
    {
        IReadOnlyList<Layer> layers = architecture.Layers(NetworkForm.Trained);
        NamedTensors weights = initialWeights ?? WeightInitializer.Create(layers, recipe.Seed);
        return new ManagedTrainingEngine(new Network(layers, weights), recipe, threads);
    }

    /// <summary>Measures the network as it will be deployed: reparameterized where it can be.</summary>
    public Evaluation Evaluate(
        ModelDescription network, NamedTensors weights, IImageDataset dataset, int? threads, CancellationToken cancellationToken)
    {
        var trained = new Network(network.Architecture.Layers(NetworkForm.Trained), weights);
        return new RePaViTModel(network, trained, threads).Reparameterize().Evaluate(dataset, cancellationToken);
    }
}
