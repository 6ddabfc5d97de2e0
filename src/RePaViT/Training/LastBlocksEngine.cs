using RePaViT.Inference;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Rewrites;
using RePaViT.Training.Contrastive;

namespace RePaViT.Training;

/// <summary>
/// Trains the last blocks of a network, on what the layers before them, which stay as they are, make of each batch. The frozen layers
/// run as they will be deployed, so they keep their batch statistics and drop no path.
/// </summary>
internal sealed class LastBlocksEngine : IForwardEngine
{
    private readonly Layer[] _frozenLayers;
    private readonly ITrainingBackend _backend;
    private readonly int? _threads;
    private readonly ITrainingEngine _trained;
    private readonly int _tokensLength;
    private FixedTensors _frozenWeights;
    private IInferenceEngine _frozen;
    private TrainingBatch? _tokens;

    /// <param name="backend">What computes both parts.</param>
    /// <param name="network">The whole network in training form.</param>
    /// <param name="blocks">How many blocks learn, from 0 to all.</param>
    /// <param name="objective">What to make small.</param>
    /// <param name="recipe">The recipe, complete and validated.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    public LastBlocksEngine(
        ITrainingBackend backend, Network network, int blocks, Objective objective, TrainingRecipe recipe, int? threads)
    {
        int[] distances = LayerRates.Distances(network.Layers);
        _frozenLayers = [.. network.Layers.Zip(distances).TakeWhile(pair => pair.Second > blocks).Select(pair => pair.First)];
        (_backend, _threads) = (backend, threads);
        _frozenWeights = new FixedTensors(_frozenLayers.SelectMany(layer => layer.Tensors), network.Weights);
        _frozen = CompileFrozen();
        Network trained = Part([.. network.Layers.Skip(_frozenLayers.Length)], network.Weights);
        _tokensLength = (int)trained.Layers[0].Input.Length;
        _trained = backend.CreateEngine(trained, objective, recipe, threads);
    }

    /// <inheritdoc/>
    public BatchResult Accumulate(TrainingBatch batch, float scale, long dropPathKey)
        => _trained.Accumulate(TokensOf(batch), scale, dropPathKey);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">The engine of the blocks that learn cannot.</exception>
    public void Forward(TrainingBatch batch, long dropPathKey, Span<float> outputs)
        => (_trained as IForwardEngine ?? throw new NotSupportedException($"{_trained.GetType().Name} runs forward only in a whole step."))
            .Forward(TokensOf(batch), dropPathKey, outputs);

    /// <inheritdoc/>
    public double Update(double learningRate) => _trained.Update(learningRate);

    /// <inheritdoc/>
    public NamedTensors GetWeights(bool averaged) => _frozenWeights.FollowedBy(_trained.GetWeights(averaged));

    /// <inheritdoc/>
    public NamedTensors GetState() => _frozenWeights.FollowedBy(_trained.GetState());

    /// <inheritdoc/>
    public void SetState(NamedTensors state)
    {
        FixedTensors weights = _frozenWeights.ReadFrom(state);
        _trained.SetState(state);
        _frozenWeights = weights;
        (_frozen as IDisposable)?.Dispose();
        _frozen = CompileFrozen();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        (_frozen as IDisposable)?.Dispose();
        _trained.Dispose();
    }

    /// <summary>What the frozen layers make of a batch, with its targets.</summary>
    private TrainingBatch TokensOf(TrainingBatch batch)
    {
        int imageLength = batch.Images.Length / batch.Capacity;
        int targetLength = batch.Targets.Length / batch.Capacity;
        _tokens ??= new TrainingBatch(batch.Capacity, _tokensLength, targetLength);
        _tokens.Count = batch.Count;
        _frozen.Run(batch.Images.AsSpan(0, batch.Count * imageLength), batch.Count, _tokens.Images.AsSpan(0, batch.Count * _tokensLength));
        batch.Targets.AsSpan(0, batch.Count * targetLength).CopyTo(_tokens.Targets);
        return _tokens;
    }

    private IInferenceEngine CompileFrozen()
    {
        Network network = Part(_frozenLayers, _frozenWeights.Values);
        return _backend.CreateInference(
            _frozenLayers.OfType<TrainedFeedForward>().Any() ? FeedForwardMerging.Merge(network) : network, _threads);
    }

    private static Network Part(Layer[] layers, NamedTensors weights) => new(
        new NetworkLayout(layers, [new NetworkOutput(NetworkLayout.Logits, layers.Length)]),
        new FixedTensors(layers.SelectMany(layer => layer.Tensors), weights).Values,
        NetworkStage.Trained);
}
