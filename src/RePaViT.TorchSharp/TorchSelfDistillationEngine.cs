using RePaViT.Operators;
using RePaViT.Threading;
using RePaViT.Training;
using RePaViT.Training.Pretraining;
using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// A student and its teacher on a device: the same steps as the managed engine's, up to rounding, from and to the same state. The
/// student's large crops are done with, backward too, before the small ones begin.
/// </summary>
internal sealed class TorchSelfDistillationEngine : TorchEngine
{
    private const int GlobalCrops = SelfDistillationLoss.GlobalCrops;
    private const string Remedy = $"use a smaller {nameof(SelfDistillation.BatchSize)}, or fewer {nameof(SelfDistillation.LocalCrops)}";

    private readonly SelfDistillation _options;
    private readonly SelfDistillationSchedule _schedule;
    private readonly Graph _graph;
    private readonly Graph _localGraph;
    private readonly PositionMap? _positions;
    private readonly torch.Tensor? _positionMatrix;
    private readonly TorchPrecision _precision;
    private readonly DeviceTables _tables;
    private readonly TorchWeights _student;
    private readonly TorchWeights _teacher;
    private readonly TorchOptimizer _optimizer;
    private readonly TorchDropPath _dropPath;
    private readonly TorchDropPath _localDropPath;
    private readonly StagingBuffer _crops;
    private readonly StagingBuffer _localCrops;
    private readonly torch.Tensor _center;

    /// <param name="networks">The networks with the weights to start from.</param>
    /// <param name="options">Complete.</param>
    /// <param name="schedule">What changes from step to step.</param>
    /// <param name="recipe">Batch size, optimizer, drop path and seed.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="precision">What products are computed in.</param>
    public TorchSelfDistillationEngine(
        CropNetworks networks, SelfDistillation options, SelfDistillationSchedule schedule, TrainingRecipe recipe,
        torch.Device device, TorchPrecision precision)
        : base(recipe.BatchSize!.Value, Remedy)
    {
        (_options, _schedule, _positions, _precision) = (options, schedule, networks.Positions, precision);
        (_graph, _localGraph) = (networks.Global.ToGraph().Graph, networks.Local.ToGraph().Graph);
        int batchSize = recipe.BatchSize!.Value;
        int localCrops = Math.Max(options.LocalCrops, 1);
        _tables = new DeviceTables(device);
        _student = new TorchWeights(_graph.Tensors, device, late: schedule.Prototypes);
        _student.Set(networks.Global.Weights, name => name);
        _student.RequireGradients();
        _teacher = new TorchWeights(_graph.Tensors, device, late: schedule.Prototypes);
        _teacher.Set(networks.Global.Weights, name => name);
        _optimizer = new TorchOptimizer(_student.TrainedGroups, recipe, device, late: schedule.Prototypes);
        _dropPath = new TorchDropPath(_graph, recipe.DropPathRate, GlobalCrops * batchSize, recipe.Seed, device);
        _localDropPath = new TorchDropPath(_localGraph, recipe.DropPathRate, localCrops * batchSize, recipe.Seed, device);
        _crops = new StagingBuffer(batchSize, GlobalCrops * _graph.Input.Shape.Length, device);
        _localCrops = new StagingBuffer(batchSize, localCrops * _localGraph.Input.Shape.Length, device);
        _center = torch.zeros(_graph.Output.Shape.Columns, dtype: torch.ScalarType.Float32, device: device).DetachFromDisposeScope();
        _positionMatrix = _positions is null
            ? null
            : torch.tensor(_positions.Matrix, [_positions.ToRows, _positions.FromRows]).to(device).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override NamedTensors GetGradients() => _student.GradientsToHost();

    /// <summary>The student's weights, or the teacher's, which are an average of them.</summary>
    public override NamedTensors GetWeights(bool averaged) => (averaged ? _teacher : _student).ToHost();

    /// <inheritdoc/>
    public override NamedTensors GetState()
    {
        NamedTensors state = _student.ToHost();
        _optimizer.AddState(state);
        _teacher.AddTo(state, EngineState.AverageName);
        using torch.Tensor center = _center.cpu();
        state.Add(EngineState.CenterName, new WeightTensor(center.AsSpan().ToArray(), (int)_center.shape[0]));
        return state;
    }

    /// <inheritdoc/>
    public override void SetState(NamedTensors state)
    {
        using torch.Tensor center = torch.empty(_center.shape, dtype: torch.ScalarType.Float32);
        state.CopyState(EngineState.CenterName, [(int)_center.shape[0]], center.AsSpan());
        _student.Set(state, name => name);
        _teacher.Set(state, EngineState.AverageName);
        _optimizer.SetState(state);
        _center.copy_(center);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _student.ClearGradients();
        foreach (IDisposable? owned in new IDisposable?[]
        {
            _tables, _student, _teacher, _optimizer, _dropPath, _localDropPath, _crops, _localCrops, _center, _positionMatrix,
        })
        {
            owned?.Dispose();
        }
    }

    protected override (BatchResult Result, double Norm) Run(TrainingBatch batch, float scale, long dropPathKey)
    {
        int count = batch.Count;
        Stage(batch);
        torch.Tensor crops = _crops.Upload(count);
        (torch.Tensor teacher, torch.Tensor targets) = Teach(crops, count);
        double share = scale / ((double)count * SelfDistillationLoss.Pairs(_options.LocalCrops));

        // What is dropped for small crops is not what is dropped for large ones.
        torch.Tensor student = Forward(_graph, crops, _student.Views(), _dropPath.Draw(GlobalCrops * count, 2 * dropPathKey))
            .view(count, GlobalCrops, -1);
        torch.Tensor loss = CrossEntropy(student, targets.flip(1)) * share;
        loss.backward();
        torch.Tensor total = loss.detach();
        if (_options.LocalCrops > 0)
        {
            torch.Tensor local = Forward(
                _localGraph, _localCrops.Upload(count), LocalViews(), _localDropPath.Draw(_options.LocalCrops * count, 2 * dropPathKey + 1))
                .view(count, _options.LocalCrops, -1);
            torch.Tensor localLoss = CrossEntropy(local, targets.sum(1, keepdim: true)) * share;
            localLoss.backward();
            total += localLoss.detach();
        }

        using (torch.no_grad())
        {
            _center.mul_(_options.CenterMomentum).add_(teacher.mean([0]), 1 - _options.CenterMomentum);
        }

        torch.Tensor agreeing = student.select(1, 0).argmax(1).eq(targets.select(1, 1).argmax(1)).sum();
        return _student.Fetch(total / scale, agreeing);
    }

    /// <summary>What the teacher gives for large crops, [crops, prototypes], and what that makes of each, [images, crops, prototypes].</summary>
    private (torch.Tensor Output, torch.Tensor Targets) Teach(torch.Tensor crops, int count)
    {
        using IDisposable withoutGradients = torch.no_grad();
        torch.Tensor output = Forward(_graph, crops, _teacher.Views(), branchScales: null);
        double temperature = _schedule.TeacherTemperature(_optimizer.Steps);
        return (output, ((output - _center) / temperature).softmax(1).view(count, GlobalCrops, -1));
    }

    private torch.Tensor Forward(Graph graph, torch.Tensor crops, Dictionary<string, torch.Tensor> views, torch.Tensor? branchScales)
        => TorchNetwork.Forward(
            graph, crops.reshape(-1, graph.Input.Shape.Length), new ForwardPass(views, _tables, _precision, isTraining: true) { BranchScales = branchScales });

    /// <summary>The student's tensors as small crops see them: all but positions as they are.</summary>
    private Dictionary<string, torch.Tensor> LocalViews()
    {
        Dictionary<string, torch.Tensor> views = _student.Views();
        if (_positionMatrix is not null)
        {
            views[_positions!.Name] = _positionMatrix.mm(views[_positions.Name].squeeze(0)).unsqueeze(0);
        }

        return views;
    }

    private torch.Tensor CrossEntropy(torch.Tensor student, torch.Tensor targets)
        => -(targets * (student / _options.StudentTemperature).log_softmax(2)).sum();

    protected override void Move(double learningRate, double norm)
    {
        long step = _optimizer.Steps;
        _optimizer.Step(learningRate, norm, _schedule.WeightDecay(step));
        _student.ClearGradients();

        // Running statistics are the teacher's own: it sees batches too.
        foreach ((FlatTensors teacher, FlatTensors student) in _teacher.TrainedGroups.Zip(_student.TrainedGroups))
        {
            teacher.Values.add_(student.Values - teacher.Values, _schedule.TeacherGain(step));
        }
    }

    private void Stage(TrainingBatch batch)
    {
        int length = batch.Images.Length / batch.Capacity;
        int localLength = batch.LocalCrops.Length / batch.Capacity;
        ParallelLoop.Run(batch.Count, image =>
        {
            _crops.SetRow(image, batch.Images.AsSpan(image * length, length));
            if (localLength > 0)
            {
                _localCrops.SetRow(image, batch.LocalCrops.AsSpan(image * localLength, localLength));
            }
        });
    }

    protected override void ThrowUnlessFits(TrainingBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            batch.Images.LongLength, batch.Capacity * GlobalCrops * _graph.Input.Shape.Length, nameof(batch));
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            batch.LocalCrops.LongLength, batch.Capacity * _options.LocalCrops * _localGraph.Input.Shape.Length, nameof(batch));
    }
}
