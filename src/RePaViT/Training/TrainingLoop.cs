using RePaViT.Rewrites;
using RePaViT.Weights;

namespace RePaViT.Training;

/// <summary>
/// Steps, validations and checkpoints from wherever a run stands to its end. All that the next step depends on is in
/// the checkpoint, so a run that was interrupted anywhere continues as if it had not been: to the last bit, if the engine
/// computes the same step twice with the same bits.
/// </summary>
internal sealed class TrainingLoop
{
    private readonly RunDescription _run;
    private readonly TrainerOptions _options;
    private readonly ITrainingEngine _engine;
    private readonly IBatchPipeline _pipeline;
    private readonly Func<NamedTensors, CancellationToken, Evaluation>? _evaluate;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly CosineSchedule _schedule;
    private readonly TrainingClock _clock = new();
    private readonly int _stepsPerEpoch;
    private readonly TrainingState _state;
    private readonly string _computesWith;
    private string[] _computedWith;
    private NamedTensors? _bestWeights;
    private double _learningRate;
    private string? _checkpointFailure;

    /// <param name="run">What is trained, and how; already validated.</param>
    /// <param name="start">Where to continue; null to start at the beginning.</param>
    /// <param name="engine">Computes the steps; already in the state of <paramref name="start"/>.</param>
    /// <param name="computesWith">What it computes them with.</param>
    /// <param name="pipeline">The training batches.</param>
    /// <param name="evaluate">Validates weights; null to train without.</param>
    /// <param name="options">Where and when to write checkpoints.</param>
    /// <param name="progress">Gets reports; may be null.</param>
    public TrainingLoop(
        RunDescription run,
        Checkpoint? start,
        ITrainingEngine engine,
        string computesWith,
        IBatchPipeline pipeline,
        Func<NamedTensors, CancellationToken, Evaluation>? evaluate,
        TrainerOptions options,
        IProgress<TrainingProgress>? progress)
    {
        _run = run;
        _options = options;
        _engine = engine;
        _pipeline = pipeline;
        _evaluate = evaluate;
        _progress = progress;
        _schedule = new CosineSchedule(run.Recipe);
        _stepsPerEpoch = run.StepsPerEpoch();
        _state = start?.State ?? new TrainingState();
        _computesWith = computesWith;
        _computedWith = [.. start?.ComputedWith ?? []];
        _bestWeights = start?.BestWeights;
    }

    private long GlobalStep => (long)_state.Epoch * _stepsPerEpoch + _state.Step;

    private long TotalSteps => (long)_run.Epochs * _stepsPerEpoch;

    private bool IsFinished => _state.Epoch == _run.Epochs || _state.IsOutOfPatience(_run.Recipe);

    /// <summary>Trains until the end or until cancelled, which is not an error.</summary>
    /// <exception cref="TrainingDivergedException">The loss, a gradient or a weight is not finite.</exception>
    /// <exception cref="IOException">The checkpoint cannot be written before the first step.</exception>
    public TrainingResult Run(CancellationToken cancellationToken)
    {
        // Written before the first step too: a path that cannot be written is better found now than an hour later.
        WriteCheckpoint();
        bool isCancelled = false;
        try
        {
            Train(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            isCancelled = true;
            TryWriteCheckpoint();
        }

        NamedTensors weights = _bestWeights ?? GetWeights();
        ThrowIfDiverged(FindWrongNumber(weights));
        return new TrainingResult
        {
            Model = _run.CreateModel(weights, _options.Threads),
            History = [.. _state.History],
            Best = _state.Best,
            IsCancelled = isCancelled,
            IsStoppedEarly = _state.Epoch < _run.Epochs && !isCancelled,
            CheckpointFailure = _checkpointFailure,
            ComputedWith = _computedWith,
            Recipe = _run.Recipe,
            LearningRates = [.. _state.History.Select(epoch => LearningRateOf((long)epoch.Epoch * _stepsPerEpoch - 1))],
            Elapsed = _clock.Elapsed,
        };
    }

    /// <summary>Reports that what was trained is being converted.</summary>
    public void Report(ConversionProgress conversion)
    {
        EpochSummary last = _state.History.LastOrDefault() ?? new EpochSummary(1, _state.Loss, _state.Accuracy, Validation: null);
        Report(last.Epoch, last.TrainingLoss, last.TrainingAccuracy, finished: null, conversion);
    }

    private void Train(CancellationToken cancellationToken)
    {
        if (IsFinished)
        {
            return;
        }

        // A run that was cancelled in validation has all batches of its epoch after it.
        using BatchPrefetcher batches = _state.Step == _stepsPerEpoch
            ? new(_pipeline, _state.Epoch + 1, batch: 0)
            : new(_pipeline, _state.Epoch, _state.Step * _run.Recipe.GradientAccumulation);
        while (!IsFinished)
        {
            while (_state.Step < _stepsPerEpoch)
            {
                cancellationToken.ThrowIfCancellationRequested();
                TakeStep(batches);
            }

            FinishEpoch(cancellationToken);
        }
    }

    /// <summary>One step of the optimizer, from the gradients of one or more batches.</summary>
    private void TakeStep(BatchPrefetcher batches)
    {
        _clock.StartStep();
        int firstBatch = _state.Step * _run.Recipe.GradientAccumulation;
        int count = Math.Min(_run.Recipe.GradientAccumulation, _pipeline.BatchesPerEpoch - firstBatch);
        for (int i = 0; i < count; i++)
        {
            TrainingBatch batch = batches.Next();
            long key = (long)_state.Epoch * _pipeline.BatchesPerEpoch + firstBatch + i;
            BatchResult result = _engine.Accumulate(batch, 1f / count, key);
            ThrowUnlessFinite(result.Loss, "The loss");
            _state.Add(result, batch.Count);
        }

        if (!_computedWith.Contains(_computesWith))
        {
            _computedWith = [.. _computedWith, _computesWith];
        }

        _learningRate = LearningRateOf(GlobalStep);
        ThrowUnlessFinite(_engine.Update(_learningRate), "The norm of the gradients");
        _state.Step++;
        _clock.FinishStep(count * _pipeline.BatchSize);
        if (_clock.IsReportDue())
        {
            Report(_state.Epoch + 1, _state.Loss, _state.Accuracy, finished: null);
        }

        if (_state.Step < _stepsPerEpoch && GlobalStep % _options.CheckpointEverySteps == 0)
        {
            TryWriteCheckpoint();
        }
    }

    private double LearningRateOf(long step) => _schedule.LearningRate((double)step / _stepsPerEpoch);

    private void FinishEpoch(CancellationToken cancellationToken)
    {
        NamedTensors? weights = null;
        Evaluation? validation = null;
        if (_evaluate is not null)
        {
            cancellationToken.ThrowIfCancellationRequested();
            weights = GetWeights();
            ThrowIfDiverged(FindWrongNumber(weights));
            validation = _evaluate(weights, cancellationToken);
            ThrowUnlessFinite(validation.Loss, "The validation loss");
        }

        if (_state.FinishEpoch(validation))
        {
            _bestWeights = weights;
        }

        TryWriteCheckpoint();
        EpochSummary summary = _state.History[^1];
        Report(summary.Epoch, summary.TrainingLoss, summary.TrainingAccuracy, summary);
    }

    /// <summary>The averaged weights of the model, without those that only what teaches it needs.</summary>
    private NamedTensors GetWeights()
    {
        NamedTensors all = _engine.GetWeights(averaged: true);
        var weights = new NamedTensors();
        weights.Copy(_run.Model.Architecture.Layers(NetworkForm.Trained).SelectMany(layer => layer.Tensors), all);
        return weights;
    }

    private void ThrowUnlessFinite(double value, string what)
    {
        if (!double.IsFinite(value))
        {
            throw new TrainingDivergedException($"{what} is {value}", GlobalStep + 1, _options.CheckpointPath);
        }
    }

    /// <summary>What a step did to the weights shows only after it, and no loss may follow that would tell.</summary>
    private void ThrowIfDiverged(string? wrongNumber)
    {
        if (wrongNumber is not null)
        {
            throw new TrainingDivergedException(wrongNumber, GlobalStep, _options.CheckpointPath);
        }
    }

    private static string? FindWrongNumber(NamedTensors weights) => weights
        .Select(pair => TensorValues.FindWrong(pair.Key, pair.Value.Data, fromZero: false))
        .FirstOrDefault(wrong => wrong is not null);

    /// <summary>What was learned is worth more than its copy: training continues without it, and tries again the next time.</summary>
    private void TryWriteCheckpoint()
    {
        try
        {
            WriteCheckpoint();
            _checkpointFailure = null;
        }
        catch (IOException exception)
        {
            _checkpointFailure = exception.Message;
        }
    }

    private void WriteCheckpoint()
    {
        if (_options.CheckpointPath is not null)
        {
            var checkpoint = new Checkpoint
            {
                Run = _run, State = _state, Engine = _engine.GetState(), BestWeights = _bestWeights, ComputedWith = _computedWith,
            };
            ThrowIfDiverged(checkpoint.FindWrongNumber());
            checkpoint.Write(_options.CheckpointPath);
        }
    }

    private void Report(
        int epoch, double loss, double accuracy, EpochSummary? finished, ConversionProgress? conversion = null) => _progress?.Report(new TrainingProgress
    {
        Epoch = epoch,
        Epochs = _run.Epochs,
        Step = GlobalStep,
        Steps = TotalSteps,
        TrainingLoss = loss,
        TrainingAccuracy = accuracy,
        Validation = _state.History.LastOrDefault()?.Validation,
        FinishedEpoch = finished,
        Conversion = conversion,
        LearningRate = _learningRate,
        ImagesPerSecond = _clock.ImagesPerSecond,
        Elapsed = _clock.Elapsed,
        TimeLeft = _clock.TimeLeft(TotalSteps - GlobalStep),
        CheckpointFailure = _checkpointFailure,
        ComputedWith = _computedWith,
    });
}
