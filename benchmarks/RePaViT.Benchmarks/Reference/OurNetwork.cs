using RePaViT.Benchmarks.Engines;
using RePaViT.Objectives;
using RePaViT.Training;

namespace RePaViT.Benchmarks.Reference;

/// <summary>A form of a workload's network on one of our engines.</summary>
internal sealed class OurNetwork : IDisposable
{
    private readonly IDisposable _engine;
    private readonly Action<int> _run;

    public OurNetwork(IBenchmarkEngine engine, Workload work, ExportForm form, TrainingBatch batch)
    {
        Architecture architecture = work.Architecture(form);
        if (work.Task == BenchmarkTask.Inference)
        {
            IForward forward = engine.Prepare(PresetNetwork.Create(architecture, form), batch.Images, batch.Count);
            (_engine, _run) = (forward, forward.Run);
            return;
        }

        TrainingRecipe recipe = TrainingRecipe.Paper(architecture) with { BatchSize = batch.Capacity, GradientAccumulation = 1 };
        ITrainingEngine training = engine.Backend.CreateEngine(architecture.CreateNetwork(recipe.Seed), new CrossEntropy(), recipe, threads: null);
        (_engine, _run) = (training, calls =>
        {
            Train(training, batch, calls);
            engine.Wait();
        });
    }

    /// <summary>Makes so many calls, and waits for the last.</summary>
    public void Run(int calls) => _run(calls);

    public void Dispose() => _engine.Dispose();

    private static void Train(ITrainingEngine engine, TrainingBatch batch, int calls)
    {
        const double LearningRate = 1e-4;
        for (int call = 0; call < calls; call++)
        {
            engine.Accumulate(batch, scale: 1, dropPathKey: call);
            engine.Update(LearningRate);
        }
    }
}
