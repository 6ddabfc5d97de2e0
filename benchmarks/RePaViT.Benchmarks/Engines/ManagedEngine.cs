using RePaViT.Inference;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Training;
using RePaViT.Training.Managed;

namespace RePaViT.Benchmarks.Engines;

/// <summary>The engine on the CPU that needs no native library.</summary>
internal sealed class ManagedEngine : IBenchmarkEngine
{
    public string Description => $"managed, {Environment.ProcessorCount} processors, fp32";

    public ITrainingBackend Backend { get; } = new ManagedBackend();

    public float[] Logits(Network network, ReadOnlySpan<float> images, int count)
    {
        float[] logits = new float[count * network.ToGraph().Graph.Output.Shape.Columns];
        InferencePlan.Compile(network).Run(images, count, logits);
        return logits;
    }

    public TrainingStep Step(Network network, TrainingBatch batch)
    {
        using var engine = new ManagedTrainingEngine(network, new CrossEntropy(), TrainingStep.Recipe(batch), threads: null);
        BatchResult result = engine.Accumulate(batch, scale: 1, dropPathKey: 0);
        return new TrainingStep(
            result.Loss, engine.Logits.AsSpan().ToArray(), engine.GetGradients(), engine.GetWeights(averaged: false));
    }

    public void Wait()
    {
        // Calls return when they are done.
    }

    public IForward Prepare(Network network, float[] images, int count) => new Forward(network, images, count);

    private sealed class Forward(Network network, float[] images, int count) : IForward
    {
        private readonly InferencePlan _plan = InferencePlan.Compile(network);
        private readonly float[] _logits = new float[count * network.ToGraph().Graph.Output.Shape.Columns];

        public void Run(int calls)
        {
            for (int call = 0; call < calls; call++)
            {
                _plan.Run(images, count, _logits);
            }
        }

        public void Dispose()
        {
        }
    }
}
