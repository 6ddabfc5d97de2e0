using RePaViT.Inference;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Training.Pretraining;

namespace RePaViT.Training;

/// <summary>What computes, on one kind of device. The trainer is the same for all.</summary>
internal interface ITrainingBackend
{
    /// <summary>A short name of what decides the last bits of each step: an instruction set, or a device.</summary>
    string ComputesWith { get; }

    /// <param name="network">The network in training form, with the weights to start from.</param>
    /// <param name="objective">What to make small.</param>
    /// <param name="recipe">The recipe, complete and validated.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    ITrainingEngine CreateEngine(Network network, Objective objective, TrainingRecipe recipe, int? threads);

    /// <summary>Creates what computes steps of a student and its teacher.</summary>
    /// <param name="networks">Their networks, with the weights to start from.</param>
    /// <param name="options">Complete and validated.</param>
    /// <param name="schedule">What changes from step to step.</param>
    /// <param name="recipe">The recipe, complete and validated.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    ITrainingEngine CreateSelfDistillation(
        CropNetworks networks, SelfDistillation options, SelfDistillationSchedule schedule, TrainingRecipe recipe, int? threads);

    /// <summary>Runs the part of a network that does not learn.</summary>
    /// <param name="network">In any form; it takes normalized samples.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    IInferenceEngine CreateInference(Network network, int? threads) => InferencePlan.Compile(network, threads);

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
