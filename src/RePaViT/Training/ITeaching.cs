using RePaViT.Networks;
using RePaViT.Objectives;

namespace RePaViT.Training;

/// <summary>What teaches a run in addition to the labels of images: token labels, or a teacher.</summary>
internal interface ITeaching : IDisposable
{
    /// <summary>The run with what its outcome depends on here.</summary>
    RunDescription Describe(RunDescription run);

    /// <summary>The network to train; tensors of its own, if any, are in no model.</summary>
    Network NetworkOf(Network whole);

    /// <summary>What to make small.</summary>
    Objective Objective(int classes);

    /// <summary>Makes the targets.</summary>
    /// <param name="network">What <see cref="NetworkOf"/> gave.</param>
    IBatchTargets Targets(Network network);

    /// <summary>The engine of the run.</summary>
    /// <param name="engine">Trains what <see cref="NetworkOf"/> gave.</param>
    /// <param name="whole">What <see cref="NetworkOf"/> was given: all its tensors are asked for.</param>
    ITrainingEngine Complete(ITrainingEngine engine, Network whole) => engine;

    /// <summary>Measures a model on the validation images; null where their classes do.</summary>
    Func<RePaViTModel, CancellationToken, Evaluation>? Evaluate => null;
}
