namespace RePaViT.Training;

/// <summary>What computes, on one kind of device. The trainer is the same for all.</summary>
internal interface ITrainingBackend
{
    /// <summary>A short name of what decides the last bits of each step: an instruction set, or a device.</summary>
    string ComputesWith { get; }

    /// <param name="architecture">The network, already validated.</param>
    /// <param name="recipe">The recipe, already validated.</param>
    /// <param name="initialWeights">In training form, already known to fit; null to draw them from the recipe's seed.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    ITrainingEngine CreateEngine(
        Architecture architecture, TrainingRecipe recipe, NamedTensors? initialWeights, int? threads);

    /// <summary>Runs a network in evaluation mode over a data set.</summary>
    /// <param name="network">What the weights belong to.</param>
    /// <param name="weights">In training form.</param>
    /// <param name="dataset">The images; their classes are the network's.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    Evaluation Evaluate(
        ModelDescription network,
        NamedTensors weights,
        IImageDataset dataset,
        int? threads,
        CancellationToken cancellationToken);
}
