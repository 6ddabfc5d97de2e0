using System.Numerics.Tensors;
using RePaViT.Kernels;
using RePaViT.Threading;
using RePaViT.Training.Pretraining;

namespace RePaViT.Training.Managed;

/// <summary>
/// A student and its teacher on the CPU. The student sees large and small crops, by two networks: the one for small crops takes its weights
/// from the other before each pass, and passes gradients and running statistics back.
/// </summary>
internal sealed class ManagedSelfDistillationEngine : ITrainingEngine
{
    private const int GlobalCrops = SelfDistillationLoss.GlobalCrops;

    private readonly SelfDistillation _options;
    private readonly SelfDistillationSchedule _schedule;
    private readonly PositionMap? _positions;
    private readonly TrainingContext _context;
    private readonly TrainingNetwork _student;
    private readonly TrainingNetwork _teacher;
    private readonly TrainingContext? _localContext;
    private readonly TrainingNetwork? _local;
    private readonly TrainingParameter[] _parameters;
    private readonly TrainingParameter[] _teacherParameters;
    private readonly TrainingParameter[] _localParameters;
    private readonly Optimizer _optimizer;
    private readonly PinnedBuffer _center;
    private readonly PinnedBuffer _targets;
    private readonly int _prototypes;
    private readonly int _pairs;
    private readonly double[] _losses;
    private readonly bool[] _agrees;
    private readonly Action<int, int> _computeLoss;
    private readonly Action<int, int> _followStudent;
    private Matrix _teacherOutput;
    private Matrix _studentOutput;
    private Matrix _localOutput;
    private Matrix _studentGradient;
    private Matrix _localGradient;
    private double _temperature;
    private double _scale;
    private float _gain;

    /// <param name="networks">The networks with the weights to start from.</param>
    /// <param name="options">Complete.</param>
    /// <param name="schedule">What changes from step to step.</param>
    /// <param name="recipe">Batch size, optimizer, drop path and seed.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    public ManagedSelfDistillationEngine(
        CropNetworks networks, SelfDistillation options, SelfDistillationSchedule schedule, TrainingRecipe recipe, int? threads)
    {
        (_options, _schedule, _positions) = (options, schedule, networks.Positions);
        int batchSize = recipe.BatchSize!.Value;
        ThreadTeam team = ThreadTeam.Get(threads);
        _context = new TrainingContext(team, GlobalCrops * batchSize, recipe.Seed);
        _student = new TrainingNetwork(networks.Global.ToGraph().Graph, _context, recipe.DropPathRate);
        _teacher = new TrainingNetwork(networks.Global.ToGraph().Graph, new TrainingContext(team, GlobalCrops * batchSize, recipe.Seed), dropPathRate: 0);
        if (options.LocalCrops > 0)
        {
            _localContext = new TrainingContext(team, options.LocalCrops * batchSize, recipe.Seed);
            _local = new TrainingNetwork(networks.Local.ToGraph().Graph, _localContext, recipe.DropPathRate);
        }

        _parameters = [.. _student.Parameters];
        _teacherParameters = [.. _teacher.Parameters];
        _localParameters = [.. _local?.Parameters ?? []];
        _optimizer = Optimizer.Create(_parameters, recipe, team.Size, late: schedule.Prototypes);
        _prototypes = _student.Output.Columns;
        _pairs = SelfDistillationLoss.Pairs(options.LocalCrops);
        _center = new PinnedBuffer(_prototypes);
        _targets = new PinnedBuffer((long)batchSize * (GlobalCrops + 1) * _prototypes);
        _losses = new double[batchSize];
        _agrees = new bool[batchSize];
        _computeLoss = (image, _) => ComputeLoss(image);
        _followStudent = (i, _) => FollowStudent(_parameters[i], _teacherParameters[i]);
        foreach ((TrainingParameter student, TrainingParameter teacher) in _parameters.Zip(_teacherParameters))
        {
            networks.Global.Weights.CopyState(student.Spec.Name, student.Spec.Shape, student.Value);
            student.Value.CopyTo(teacher.Value);
        }
    }

    /// <summary>The gradients since the last update, under the parameters' names.</summary>
    public NamedTensors GetGradients()
        => Collect(_parameters.Where(parameter => parameter.Spec.IsTrained), parameter => parameter.Gradient, name => name);

    /// <inheritdoc/>
    public BatchResult Accumulate(TrainingBatch batch, float scale, long dropPathKey)
    {
        int count = batch.Count;
        _temperature = _schedule.TeacherTemperature(_optimizer.Steps);
        _scale = scale / ((double)count * _pairs);
        ReadOnlySpan<float> crops = batch.Images.AsSpan(0, batch.Images.Length / batch.Capacity * count);
        _teacherOutput = _teacher.Forward(crops, GlobalCrops * count);

        // What is dropped for small crops is not what is dropped for large ones.
        _context.DropPathKey = 2 * dropPathKey;
        _studentOutput = _student.Forward(crops, GlobalCrops * count);
        _studentGradient = _student.OutputGradient;
        if (_local is not null)
        {
            _localContext!.DropPathKey = 2 * dropPathKey + 1;
            PassToLocal();
            _localOutput = _local.Forward(
                batch.LocalCrops.AsSpan(0, batch.LocalCrops.Length / batch.Capacity * count), _options.LocalCrops * count);
            _localGradient = _local.OutputGradient;
        }

        _context.Team.Run(count, _computeLoss);
        double loss = 0;
        int agreeing = 0;
        for (int image = 0; image < count; image++)
        {
            loss += _losses[image];
            agreeing += _agrees[image] ? 1 : 0;
        }

        MoveCenter();
        _student.Backward();
        if (_local is not null)
        {
            _local.Backward();
            TakeFromLocal();
        }

        return new BatchResult(loss / count, agreeing);
    }

    /// <inheritdoc/>
    public double Update(double learningRate)
    {
        long step = _optimizer.Steps;
        double norm = _optimizer.Step(learningRate, _schedule.WeightDecay(step));
        if (double.IsFinite(norm))
        {
            _gain = _schedule.TeacherGain(step);
            _context.Team.Run(_parameters.Length, _followStudent);
        }

        return norm;
    }

    /// <summary>The student's weights, or the teacher's, which are an average of them.</summary>
    public NamedTensors GetWeights(bool averaged)
        => Collect(averaged ? _teacherParameters : _parameters, parameter => parameter.Value, name => name);

    /// <inheritdoc/>
    public NamedTensors GetState()
    {
        NamedTensors state = GetWeights(averaged: false);
        _optimizer.AddState(state);
        foreach ((string name, WeightTensor tensor) in Collect(_teacherParameters, parameter => parameter.Value, EngineState.AverageName))
        {
            state.Add(name, tensor);
        }

        state.Add(EngineState.CenterName, new WeightTensor(_center.Span.ToArray(), _prototypes));
        return state;
    }

    /// <inheritdoc/>
    public void SetState(NamedTensors state)
    {
        foreach ((TrainingParameter student, TrainingParameter teacher) in _parameters.Zip(_teacherParameters))
        {
            state.CopyState(student.Spec.Name, student.Spec.Shape, student.Value);
            state.CopyState(EngineState.AverageName(teacher.Spec.Name), teacher.Spec.Shape, teacher.Value);
        }

        state.CopyState(EngineState.CenterName, [_prototypes], _center.Span);
        _optimizer.SetState(state);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // All memory is the garbage collector's.
    }

    /// <summary>Loss and gradients of all crops of an image, and whether a student's crop is nearest to the prototype of the teacher's other.</summary>
    private void ComputeLoss(int image)
    {
        Span<float> first = Target(image, 0);
        Span<float> second = Target(image, 1);
        Span<float> both = Target(image, 2);
        SelfDistillationLoss.Sharpen(_teacherOutput.Row(GlobalCrops * image), _center.Span, _temperature, first);
        SelfDistillationLoss.Sharpen(_teacherOutput.Row(GlobalCrops * image + 1), _center.Span, _temperature, second);
        TensorPrimitives.Add<float>(first, second, both);
        double loss = Compute(_studentOutput, _studentGradient, GlobalCrops * image, second, count: 1)
            + Compute(_studentOutput, _studentGradient, GlobalCrops * image + 1, first, count: 1);
        for (int crop = 0; crop < _options.LocalCrops; crop++)
        {
            loss += Compute(_localOutput, _localGradient, _options.LocalCrops * image + crop, both, count: GlobalCrops);
        }

        _losses[image] = loss / _pairs;
        _agrees[image] = TensorPrimitives.IndexOfMax<float>(_studentOutput.Row(GlobalCrops * image)) == TensorPrimitives.IndexOfMax<float>(second);
    }

    private double Compute(Matrix output, Matrix gradient, int row, ReadOnlySpan<float> target, int count)
        => SelfDistillationLoss.Compute(output.Row(row), target, count, _options.StudentTemperature, gradient.Row(row), _scale);

    /// <summary>What the teacher says of a large crop of an image, or of both together.</summary>
    private Span<float> Target(int image, int which) => _targets.AsMatrix(_targets.Length / _prototypes, _prototypes).Row((GlobalCrops + 1) * image + which);

    private void MoveCenter()
    {
        Span<float> center = _center.Span;
        float gain = (float)((1 - _options.CenterMomentum) / _teacherOutput.Rows);
        TensorPrimitives.Multiply(center, (float)(_options.CenterMomentum / gain), center);
        _context.Columns.AddColumnSums(_teacherOutput, center);
        TensorPrimitives.Multiply(center, gain, center);
    }

    private void FollowStudent(TrainingParameter student, TrainingParameter teacher)
    {
        // Running statistics are the teacher's own: it sees batches too.
        if (student.Spec.IsTrained)
        {
            TensorPrimitives.Lerp(teacher.Value, student.Value, _gain, teacher.Value);
        }
    }

    private void PassToLocal()
    {
        foreach ((TrainingParameter global, TrainingParameter local) in _parameters.Zip(_localParameters))
        {
            if (global.Spec.Name == _positions?.Name)
            {
                _positions.Forward(global.Value, local.Value);
            }
            else
            {
                global.Value.CopyTo(local.Value);
            }
        }
    }

    private void TakeFromLocal()
    {
        foreach ((TrainingParameter global, TrainingParameter local) in _parameters.Zip(_localParameters))
        {
            if (!global.Spec.IsTrained)
            {
                local.Value.CopyTo(global.Value);
            }
            else if (global.Spec.Name == _positions?.Name)
            {
                _positions.Backward(local.Gradient, global.Gradient);
            }
            else
            {
                TensorPrimitives.Add(global.Gradient, local.Gradient, global.Gradient);
            }

            local.Gradient.Clear();
        }
    }

    private static NamedTensors Collect(IEnumerable<TrainingParameter> parameters, ReadValues values, Func<string, string> name)
    {
        var tensors = new NamedTensors();
        foreach (TrainingParameter parameter in parameters)
        {
            tensors.Add(name(parameter.Spec.Name), new WeightTensor(values(parameter).ToArray(), parameter.Spec.Shape));
        }

        return tensors;
    }

    private delegate Span<float> ReadValues(TrainingParameter parameter);
}
