using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Threading;
using RePaViT.Training.Contrastive;

namespace RePaViT.Training.Managed;

/// <summary>The training engine that runs on the CPU without native libraries.</summary>
internal sealed class ManagedTrainingEngine : IForwardEngine
{
    private readonly Objective _objective;
    private readonly TrainingContext _context;
    private readonly TrainingNetwork _network;
    private readonly TrainingParameter[] _parameters;
    private readonly Optimizer _optimizer;
    private readonly WeightAverage? _average;
    private readonly int _rows;
    private readonly int _classes;
    private readonly int _targetLength;
    private readonly double[] _losses;
    private readonly bool[] _isCorrect;
    private readonly Action<int, int> _computeLoss;
    private TrainingBatch? _batch;
    private Matrix _outputGradient;
    private float _imageScale;

    /// <param name="network">Layers and weights in training form.</param>
    /// <param name="objective">What to make small.</param>
    /// <param name="recipe">Batch size, optimizer, drop path and seed.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    public ManagedTrainingEngine(Network network, Objective objective, TrainingRecipe recipe, int? threads)
    {
        _objective = objective;
        ThreadTeam team = ThreadTeam.Get(threads);
        _context = new TrainingContext(team, recipe.BatchSize!.Value, recipe.Seed);
        _network = new TrainingNetwork(network.ToGraph().Graph, _context, recipe.DropPathRate);
        _parameters = [.. _network.Parameters];
        (_rows, _classes) = (_network.Output.Rows, objective.ClassesOf(_network.Output.Columns));
        _targetLength = objective.TargetLength((int)_network.Output.Length);
        _losses = new double[_context.BatchSize];
        _isCorrect = new bool[_context.BatchSize];
        _computeLoss = (image, _) => ComputeLoss(image);
        SetWeights(network.Weights);
        _optimizer = Optimizer.Create(_parameters, recipe, team.Size, LayerRates.Of(network, recipe));
        _average = recipe.EmaDecay is double decay ? new WeightAverage(_parameters, decay, team.Size) : null;
    }

    /// <summary>What the network gave for the last batch: logits, [images, classes], for instance.</summary>
    public Matrix Logits { get; private set; }

    /// <summary>The gradients since the last update, under the parameters' names.</summary>
    public NamedTensors GetGradients()
        => Collect(_parameters.Where(parameter => parameter.Spec.IsTrained), parameter => parameter.Gradient.ToArray());

    /// <inheritdoc/>
    public BatchResult Accumulate(TrainingBatch batch, float scale, long dropPathKey)
    {
        Forward(batch, dropPathKey);
        (_batch, _outputGradient, _imageScale) = (batch, _network.OutputGradient, scale / batch.Count);
        _context.Team.Run(batch.Count, _computeLoss);
        double loss = 0;
        int correct = 0;
        for (int image = 0; image < batch.Count; image++)
        {
            loss += _losses[image];
            correct += _isCorrect[image] ? 1 : 0;
        }

        _network.Backward();
        return new BatchResult(loss / batch.Count, correct);
    }

    /// <inheritdoc/>
    public void Forward(TrainingBatch batch, long dropPathKey, Span<float> outputs)
    {
        // Running statistics are all that moves on the way forward.
        TrainingParameter[] statistics = [.. _parameters.Where(parameter => !parameter.Spec.IsTrained)];
        float[][] values = Array.ConvertAll(statistics, parameter => parameter.Value.ToArray());
        Forward(batch, dropPathKey);
        Logits.AsSpan().CopyTo(outputs);
        for (int i = 0; i < statistics.Length; i++)
        {
            values[i].CopyTo(statistics[i].Value);
        }
    }

    /// <inheritdoc/>
    public double Update(double learningRate)
    {
        double norm = _optimizer.Step(learningRate);
        _average?.Update(_optimizer.Steps);
        return norm;
    }

    /// <inheritdoc/>
    public NamedTensors GetWeights(bool averaged)
        => averaged && _average is not null
            ? _average.GetWeights()
            : Collect(_parameters, parameter => parameter.Value.ToArray());

    /// <inheritdoc/>
    public NamedTensors GetState()
    {
        NamedTensors state = Collect(_parameters, parameter => parameter.Value.ToArray());
        _optimizer.AddState(state);
        _average?.AddState(state);
        return state;
    }

    /// <inheritdoc/>
    public void SetState(NamedTensors state)
    {
        SetWeights(state);
        _optimizer.SetState(state);
        _average?.SetState(state);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // All memory is the garbage collector's.
    }

    private void Forward(TrainingBatch batch, long dropPathKey)
    {
        _context.DropPathKey = dropPathKey;
        _context.Exchanged = batch.Exchanged;
        int imageLength = batch.Images.Length / batch.Capacity;
        Logits = _network.Forward(batch.Images.AsSpan(0, batch.Count * imageLength), batch.Count);
    }

    /// <summary>Loss and gradient of an image, and whether its class is right.</summary>
    private void ComputeLoss(int image)
    {
        ReadOnlySpan<float> logits = Logits.TakeRows(image * _rows, _rows).AsSpan();
        ReadOnlySpan<float> targets = _batch!.Targets.AsSpan(image * _targetLength, _targetLength);
        Span<float> gradient = _outputGradient.TakeRows(image * _rows, _rows).AsSpan();
        _losses[image] = _objective.Compute(logits, targets, gradient, _imageScale);
        _isCorrect[image] = TensorPrimitives.IndexOfMax(logits[.._classes]) == TensorPrimitives.IndexOfMax(targets[.._classes]);
    }

    private void SetWeights(NamedTensors weights)
    {
        foreach (TrainingParameter parameter in _parameters)
        {
            weights.CopyState(parameter.Spec.Name, parameter.Spec.Shape, parameter.Value);
        }
    }

    private static NamedTensors Collect(IEnumerable<TrainingParameter> parameters, Func<TrainingParameter, float[]> values)
    {
        var tensors = new NamedTensors();
        foreach (TrainingParameter parameter in parameters)
        {
            tensors.Add(parameter.Spec.Name, new WeightTensor(values(parameter), parameter.Spec.Shape));
        }

        return tensors;
    }
}
