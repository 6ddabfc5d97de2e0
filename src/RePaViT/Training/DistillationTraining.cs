using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Objectives;

namespace RePaViT.Training;

/// <summary>What a distilled run trains: the network as it is for scores; with a map to the teacher's features beside its head for those.</summary>
/// <param name="options">What the teacher counts, and at which temperature.</param>
/// <param name="source">What the teacher says.</param>
/// <param name="seed">What the map is drawn from.</param>
internal sealed class DistillationTraining(Distillation options, IDistillationSource source, ulong seed) : ITeaching
{
    private const string MapName = "distillation";

    public RunDescription Describe(RunDescription run) => run with
    {
        Distillation = new DistillationDescription
        {
            Teacher = source.Identity,
            Output = options.Output,
            Weight = options.Weight,
            Temperature = options.Output == TeacherOutput.Scores ? options.Temperature : null,
        },
    };

    public Objective Objective(int classes) => options.Output == TeacherOutput.Scores
        ? new ScoreDistillation(classes, options.Weight, options.Temperature)
        : new FeatureDistillation(classes, options.Weight);

    public IBatchTargets Targets(Network network) => options.Output == TeacherOutput.Scores
        ? new DistillationTargets(source, new SoftenedScores(options.Temperature), source.Columns)
        : new DistillationTargets(
            source, new Standardization(source.Sample(), source.Columns), (int)network.ToGraph().Graph.Output.Shape.Length - source.Columns);

    public Network NetworkOf(Network whole)
    {
        if (options.Output == TeacherOutput.Scores)
        {
            return whole;
        }

        NetworkOutput features = whole.Layout.Find(NetworkLayout.Features);
        int dim = whole.TakeOutput(NetworkLayout.Features).ToGraph().Graph.Output.Shape.Columns;
        var map = new Head(MapName, dim, source.Columns);
        var head = new DistillationHead([.. whole.Layers.Skip(features.Layers)], features.Last, map);
        var weights = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in whole.Weights.Concat(WeightInitializer.Create([map], seed)))
        {
            weights.Add(name, tensor);
        }

        Layer[] layers = [.. whole.Layers.Take(features.Layers), head];
        return new Network(new NetworkLayout(layers, [new NetworkOutput(NetworkLayout.Distilled, layers.Length)]), weights, whole.Stage);
    }

    public void Dispose()
    {
        // The teacher is the caller's.
    }
}
