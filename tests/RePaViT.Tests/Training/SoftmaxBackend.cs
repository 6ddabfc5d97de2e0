using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Operators;
using RePaViT.Randomness;
using RePaViT.Training;
using RePaViT.Training.Pretraining;
using RePaViT.Training.Managed;

namespace RePaViT.Tests.Training;

/// <summary>
/// Softmax regression on pixels, dressed as a network: it owns every tensor of the architecture, but learns with the
/// head alone. Quick enough to interrupt a run at each of its calls.
/// </summary>
internal sealed class SoftmaxBackend : ITrainingBackend
{
    /// <summary>As many channels as the image has values, so that the head can sit on the pixels.</summary>
    public static ViTArchitecture Architecture { get; } =
        new() { ImageSize = 4, PatchSize = 4, Dim = 48, Depth = 1, Heads = 1, Classes = 3, MlpRatio = 0.25 };

    public string ComputesWith { get; init; } = "softmax";

    /// <summary>Calls into the engine and the evaluator so far.</summary>
    public int Calls { get; private set; }

    /// <summary>Runs on each call with its number, counted from 1.</summary>
    public Action<int> OnCall { get; init; } = _ => { };

    /// <summary>Takes the place of measured accuracy, by validation from 0.</summary>
    public Func<int, Evaluation>? Script { get; init; }

    public int Validations { get; private set; }

    /// <summary>The update of an engine that leaves a weight which is not a number; counted from 1.</summary>
    public int? DivergesInUpdate { get; init; }

    public ITrainingEngine CreateEngine(Network network, Objective objective, TrainingRecipe recipe, int? threads)
        => new Engine(this, network, recipe, threads ?? 2);

    public ITrainingEngine CreateSelfDistillation(
        CropNetworks networks, SelfDistillation options, SelfDistillationSchedule schedule, TrainingRecipe recipe, int? threads)
        => throw new NotSupportedException("It has no images.");

    public Evaluation Evaluate(
        ModelDescription network,
        NamedTensors weights,
        IImageDataset dataset,
        int? threads,
        CancellationToken cancellationToken)
    {
        Count();
        cancellationToken.ThrowIfCancellationRequested();
        if (Script is not null)
        {
            return Script(Validations++);
        }

        var pipeline = new BatchPipeline(
            dataset, network.Preprocessing, AugmentationOptions.None, 0, 4, network.Architecture.Classes, dataset.Count, 0);
        TrainingBatch batch = pipeline.CreateBatch();
        pipeline.Fill(0, 0, batch);
        BatchResult result = Softmax(
            batch, weights["head.weight"].Data, weights["head.bias"].Data, network.Architecture.Classes, (_, _, _) => { });
        return new Evaluation((double)result.Correct / batch.Count, result.Loss, batch.Count);
    }

    private void Count() => OnCall(++Calls);

    /// <summary>Calls back with each derivative of the mean loss by a logit: (image, class, derivative).</summary>
    private static BatchResult Softmax(
        TrainingBatch batch,
        ReadOnlySpan<float> weight,
        ReadOnlySpan<float> bias,
        int classes,
        Action<int, int, double> derivative)
    {
        int length = batch.Images.Length / batch.Capacity;
        double loss = 0;
        int correct = 0;
        var logits = new double[classes];
        for (int i = 0; i < batch.Count; i++)
        {
            for (int c = 0; c < classes; c++)
            {
                logits[c] = bias[c];
                for (int p = 0; p < length; p++)
                {
                    logits[c] += (double)weight[c * length + p] * batch.Images[i * length + p];
                }
            }

            double normalizer = Math.Log(logits.Sum(Math.Exp));
            int target = 0;
            for (int c = 0; c < classes; c++)
            {
                double wanted = batch.Targets[i * classes + c];
                loss -= wanted * (logits[c] - normalizer) / batch.Count;
                derivative(i, c, (Math.Exp(logits[c] - normalizer) - wanted) / batch.Count);
                target = wanted > batch.Targets[i * classes + target] ? c : target;
            }

            correct += Array.IndexOf(logits, logits.Max()) == target ? 1 : 0;
        }

        return new BatchResult(loss, correct);
    }

    private sealed class Engine : ITrainingEngine
    {
        private readonly SoftmaxBackend _backend;
        private readonly TrainingRecipe _recipe;
        private readonly int _classes;
        private readonly ArrayParameter[] _parameters;
        private readonly ArrayParameter _weight;
        private readonly ArrayParameter _bias;
        private readonly ArrayParameter _mean;
        private readonly Optimizer _optimizer;
        private readonly WeightAverage? _average;

        public Engine(SoftmaxBackend backend, Network network, TrainingRecipe recipe, int threads)
        {
            _backend = backend;
            _recipe = recipe;
            Graph graph = network.ToGraph().Graph;
            _classes = graph.Output.Shape.Columns;
            _parameters = [.. graph.Tensors.Select(spec => new ArrayParameter(spec, network.Weights[spec.Name].ToArray()))];
            _weight = Find("head.weight");
            _bias = Find("head.bias");
            _mean = Find("blocks.0.mlp.norm1.running_mean");
            _optimizer = Optimizer.Create(_parameters, recipe, threads);
            _average = recipe.EmaDecay is double decay ? new WeightAverage(_parameters, decay, threads: 1) : null;
        }

        public BatchResult Accumulate(TrainingBatch batch, float scale, long dropPathKey)
        {
            _backend.Count();

            // The part of drop path: a wrong key shows in the gradients.
            var random = new RandomStream(_recipe.Seed, RandomPurpose.DropPath, dropPathKey);
            double keep = random.NextDouble() < _recipe.DropPathRate ? 0.5 : 1;
            int length = batch.Images.Length / batch.Capacity;

            // The part of batch normalization: running statistics move with every batch.
            float batchMean = batch.Images.AsSpan(0, batch.Count * length).ToArray().Average();
            _mean.Value[0] += 0.1f * (batchMean - _mean.Value[0]);
            return Softmax(batch, _weight.Value, _bias.Value, _classes, (image, @class, derivative) =>
            {
                for (int p = 0; p < length; p++)
                {
                    _weight.Gradient[@class * length + p] +=
                        (float)(scale * keep * derivative * batch.Images[image * length + p]);
                }

                _bias.Gradient[@class] += (float)(scale * keep * derivative);
            });
        }

        public double Update(double learningRate)
        {
            _backend.Count();
            double norm = _optimizer.Step(learningRate);
            if (_optimizer.Steps == _backend.DivergesInUpdate)
            {
                _weight.Value[5] = float.NaN;
            }

            _average?.Update(_optimizer.Steps);
            return norm;
        }

        public NamedTensors GetWeights(bool averaged)
        {
            if (averaged && _average is not null)
            {
                return _average.GetWeights();
            }

            var weights = new NamedTensors();
            foreach (ArrayParameter parameter in _parameters)
            {
                weights.Add(parameter.Spec.Name, new WeightTensor(parameter.Value.ToArray(), parameter.Spec.Shape));
            }

            return weights;
        }

        public NamedTensors GetState()
        {
            NamedTensors state = GetWeights(averaged: false);
            _optimizer.AddState(state);
            _average?.AddState(state);
            return state;
        }

        public void SetState(NamedTensors state)
        {
            foreach (ArrayParameter parameter in _parameters)
            {
                state.CopyState(parameter.Spec.Name, parameter.Spec.Shape, parameter.Value);
            }

            _optimizer.SetState(state);
            _average?.SetState(state);
        }

        public void Dispose()
        {
        }

        private ArrayParameter Find(string name) => _parameters.Single(parameter => parameter.Spec.Name == name);
    }
}
