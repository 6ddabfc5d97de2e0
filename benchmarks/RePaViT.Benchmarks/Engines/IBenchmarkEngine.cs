using RePaViT.Networks;
using RePaViT.Training;

namespace RePaViT.Benchmarks.Engines;

/// <summary>What verbs verify and measure.</summary>
internal interface IBenchmarkEngine
{
    /// <summary>Which engine it is, where it computes and in what, for instance "TorchSharp, NVIDIA H200, bf16".</summary>
    string Description { get; }

    /// <summary>Trains and validates.</summary>
    ITrainingBackend Backend { get; }

    /// <summary>Logits in evaluation mode, [count, classes].</summary>
    /// <param name="network">A network in any form.</param>
    /// <param name="images">[count, channels, size, size].</param>
    /// <param name="count">Number of images.</param>
    float[] Logits(Network network, ReadOnlySpan<float> images, int count);

    /// <summary>Runs a batch forward and backward in training mode.</summary>
    TrainingStep Step(Network network, TrainingBatch batch);

    /// <summary>Waits until the device has done all that it was given.</summary>
    void Wait();

    /// <summary>Puts images to where the network computes, so that what is measured is the network alone.</summary>
    IForward Prepare(Network network, float[] images, int count);
}

/// <summary>A network with images that lie where it computes.</summary>
internal interface IForward : IDisposable
{
    /// <summary>Runs the images through the network so many times, and waits for the last.</summary>
    void Run(int calls);
}

/// <summary>What a step forward and backward gave.</summary>
/// <param name="Loss">Mean cross-entropy.</param>
/// <param name="Logits">[images, classes].</param>
/// <param name="Gradients">Those of the mean cross-entropy.</param>
/// <param name="Weights">The weights afterwards, with the running statistics moved.</param>
internal sealed record TrainingStep(double Loss, float[] Logits, NamedTensors Gradients, NamedTensors Weights)
{
    /// <summary>A recipe under which nothing but the network decides what a step gives.</summary>
    public static TrainingRecipe Recipe(TrainingBatch batch)
        => new() { BatchSize = batch.Capacity, DropPathRate = 0, EmaDecay = null };
}
