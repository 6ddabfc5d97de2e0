using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Operators;
using RePaViT.Threading;
using RePaViT.Training;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// The training engine of TorchSharp. It takes the same steps as the managed one, up to rounding, and reads and writes the
/// same state.
/// </summary>
internal sealed class TorchTrainingEngine : TorchEngine
{
    private const string Remedy =
        $"use a smaller {nameof(TrainingRecipe.BatchSize)}, with more {nameof(TrainingRecipe.GradientAccumulation)} to keep steps as large";

    private readonly Graph _graph;
    private readonly Objective _objective;
    private readonly TrainingRecipe _recipe;
    private readonly TorchPrecision _precision;
    private readonly DeviceTables _tables;
    private readonly TorchWeights _weights;
    private readonly TorchWeights? _averages;
    private readonly TorchOptimizer _optimizer;
    private readonly StagingBuffer _images;
    private readonly StagingBuffer _targets;
    private readonly TorchDropPath _dropPath;
    private readonly int _imageLength;
    private readonly int _targetLength;
    private readonly int _classes;

    /// <param name="network">Layers and weights in training form.</param>
    /// <param name="objective">What to make small.</param>
    /// <param name="recipe">Batch size, optimizer, drop path and seed.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="precision">What products are computed in.</param>
    public TorchTrainingEngine(
        Network network, Objective objective, TrainingRecipe recipe, torch.Device device, TorchPrecision precision)
        : base(recipe.BatchSize!.Value, Remedy)
    {
        _objective = objective;
        _graph = network.ToGraph().Graph;
        _recipe = recipe;
        _precision = precision;
        _imageLength = (int)_graph.Input.Shape.Length;
        _targetLength = objective.TargetLength((int)_graph.Output.Shape.Length);
        _classes = objective.ClassesOf(_graph.Output.Shape.Columns);
        int batchSize = recipe.BatchSize!.Value;
        _images = new StagingBuffer(batchSize, _imageLength, device);
        _targets = new StagingBuffer(batchSize, _targetLength, device);
        _dropPath = new TorchDropPath(_graph, recipe.DropPathRate, batchSize, recipe.Seed, device);
        _tables = new DeviceTables(device);
        var rates = LayerRates.Of(network, recipe);
        _weights = new TorchWeights(_graph.Tensors, device, rates);
        _weights.Set(network.Weights, name => name);
        _weights.RequireGradients();
        _optimizer = new TorchOptimizer(_weights.TrainedGroups, recipe, device, rates);
        if (recipe.EmaDecay is not null)
        {
            _averages = new TorchWeights(_graph.Tensors, device, rates);
            _averages.Set(network.Weights, name => name);
        }
    }

    /// <inheritdoc/>
    public override NamedTensors GetGradients() => _weights.GradientsToHost();

    /// <inheritdoc/>
    public override NamedTensors GetWeights(bool averaged) => (averaged && _averages is not null ? _averages : _weights).ToHost();

    /// <inheritdoc/>
    public override NamedTensors GetState()
    {
        NamedTensors state = _weights.ToHost();
        _optimizer.AddState(state);
        _averages?.AddTo(state, EngineState.AverageName);
        return state;
    }

    /// <inheritdoc/>
    public override void SetState(NamedTensors state)
    {
        _weights.Set(state, name => name);
        _optimizer.SetState(state);
        _averages?.Set(state, EngineState.AverageName);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _weights.ClearGradients();
        _tables.Dispose();
        _weights.Dispose();
        _averages?.Dispose();
        _optimizer.Dispose();
        _images.Dispose();
        _targets.Dispose();
        _dropPath.Dispose();
    }

    protected override (BatchResult Result, double Norm) Run(TrainingBatch batch, float scale, long dropPathKey)
    {
        ParallelLoop.Run(batch.Count, image =>
        {
            _images.SetRow(image, batch.Images.AsSpan(image * _imageLength, _imageLength));
            _targets.SetRow(image, batch.Targets.AsSpan(image * _targetLength, _targetLength));
        });
        var pass = new ForwardPass(_weights.Views(), _tables, _precision, isTraining: true)
        {
            BranchScales = _dropPath.Draw(batch.Count, dropPathKey),
            Exchanged = batch.Exchanged,
        };
        torch.Tensor targets = _targets.Upload(batch.Count);
        torch.Tensor output = TorchNetwork.Forward(_graph, _images.Upload(batch.Count), pass).flatten(1);
        torch.Tensor loss = TorchObjective.Loss(_objective, output, targets);
        (loss * scale).backward();

        torch.Tensor correct = output.narrow(1, 0, _classes).argmax(1).eq(targets.narrow(1, 0, _classes).argmax(1)).sum();
        return _weights.Fetch(loss.detach(), correct);
    }

    protected override void Move(double learningRate, double norm)
    {
        _optimizer.Step(learningRate, norm);
        _weights.ClearGradients();
        if (_averages is not null)
        {
            float gain = WeightAverage.Gain(_recipe.EmaDecay!.Value, _optimizer.Steps);
            foreach ((FlatTensors average, FlatTensors group) in _averages.Groups.Zip(_weights.Groups))
            {
                average.Values.add_(group.Values - average.Values, gain);
            }
        }
    }

    protected override void ThrowUnlessFits(TrainingBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(batch.Images.LongLength, (long)batch.Capacity * _imageLength, nameof(batch));
        ArgumentOutOfRangeException.ThrowIfNotEqual(batch.Targets.LongLength, (long)batch.Capacity * _targetLength, nameof(batch));
    }
}
