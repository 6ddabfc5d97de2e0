using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using RePaViT.Objectives;

namespace RePaViT.Training.Contrastive;

/// <summary>
/// Trains a network by the contrast of all pairs of a step, however few fit into a pass (gradient caching: Gao et al., arXiv 2101.06983).
/// The batches of a step only run forward at first, and nothing but their embeddings is kept. With the last batch, the loss of all pairs
/// gives the gradient of each embedding; then each batch runs again, forward and backward from there.
/// </summary>
internal sealed class ContrastiveEngine : ITrainingEngine
{
    private readonly IForwardEngine _engine;
    private readonly int _length;
    private readonly double _scale;

    // Batches of the step in progress come first; those after them are there to be used again.
    private readonly List<Chunk> _chunks = [];
    private readonly List<float> _embeddings = [];
    private readonly List<float> _texts = [];
    private int _taken;

    /// <param name="engine">Trains the network that ends with the embedding; its objective is <see cref="GivenGradient"/>.</param>
    /// <param name="length">Numbers of an embedding.</param>
    /// <param name="scale">What cosines are multiplied by for the softmax.</param>
    public ContrastiveEngine(IForwardEngine engine, int length, double scale) => (_engine, _length, _scale) = (engine, length, scale);

    /// <summary>
    /// Takes a batch into the step; its targets are the embeddings of its texts. The loss is that of the whole step: it is returned with the
    /// last batch, and 0 with those before it.
    /// </summary>
    /// <param name="batch">Images and texts.</param>
    /// <param name="scale">1 / number of batches of the step.</param>
    /// <param name="dropPathKey">Names the random choice of dropped paths, which both passes make.</param>
    public BatchResult Accumulate(TrainingBatch batch, float scale, long dropPathKey)
    {
        if (_taken == _chunks.Count)
        {
            _chunks.Add(new Chunk(batch, _length));
        }

        Chunk chunk = _chunks[_taken++];
        chunk.Take(batch, dropPathKey);
        int values = batch.Count * _length;
        _texts.AddRange(batch.Targets.AsSpan(0, values));
        CollectionsMarshal.SetCount(_embeddings, _texts.Count);
        _engine.Forward(chunk.Batch, dropPathKey, CollectionsMarshal.AsSpan(_embeddings)[^values..]);
        return _taken < (int)Math.Round(1 / scale) ? default : Contrast();
    }

    /// <inheritdoc/>
    public double Update(double learningRate) => _engine.Update(learningRate);

    /// <inheritdoc/>
    public NamedTensors GetWeights(bool averaged) => _engine.GetWeights(averaged);

    /// <inheritdoc/>
    public NamedTensors GetState() => _engine.GetState();

    /// <inheritdoc/>
    public void SetState(NamedTensors state) => _engine.SetState(state);

    /// <inheritdoc/>
    public void Dispose() => _engine.Dispose();

    /// <summary>The loss of all pairs of the step, and the second pass with its gradients.</summary>
    private BatchResult Contrast()
    {
        float[] gradients = new float[_embeddings.Count];
        ContrastiveResult result = ContrastiveLoss.Compute(
            CollectionsMarshal.AsSpan(_embeddings), CollectionsMarshal.AsSpan(_texts), _length, _scale, gradients, []);
        int pairs = gradients.Length / _length;
        int first = 0;
        foreach (Chunk chunk in _chunks.Take(_taken))
        {
            chunk.SetGradients(gradients.AsSpan(first, chunk.Batch.Count * _length), pairs);
            _engine.Accumulate(chunk.Batch, (float)chunk.Batch.Count / pairs, chunk.DropPathKey);
            first += chunk.Batch.Count * _length;
        }

        // The loop counts what comes with a batch for the images of that batch.
        double loss = result.Loss * pairs / _chunks[_taken - 1].Batch.Count;
        _taken = 0;
        _embeddings.Clear();
        _texts.Clear();
        return new BatchResult(loss, result.Correct);
    }

    /// <summary>The images of a batch, kept for its second pass: the buffers that it came in are used again before that.</summary>
    private sealed class Chunk(TrainingBatch like, int length)
    {
        /// <summary>Images and, in the second pass, the gradients of their embeddings.</summary>
        public TrainingBatch Batch { get; } = new(like.Capacity, like.Images.Length / like.Capacity, length);

        public long DropPathKey { get; private set; }

        public void Take(TrainingBatch batch, long dropPathKey)
        {
            (Batch.Count, DropPathKey) = (batch.Count, dropPathKey);
            batch.Images.CopyTo(Batch.Images, 0);
        }

        /// <param name="gradients">Of the mean over all pairs.</param>
        /// <param name="pairs">Their number. The engine takes that mean, so it gets the gradients of the sum.</param>
        public void SetGradients(ReadOnlySpan<float> gradients, int pairs) => TensorPrimitives.Multiply(gradients, pairs, Batch.Targets);
    }
}
