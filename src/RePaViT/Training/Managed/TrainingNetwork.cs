using RePaViT.Architectures;
using RePaViT.Kernels;

namespace RePaViT.Training.Managed;

/// <summary>A network in training form that runs forward and backward over a batch.</summary>
internal sealed class TrainingNetwork
{
    private readonly TrainingContext _context;
    private readonly TrainingLayer[] _layers;
    private readonly PatchEmbedding _input;
    private readonly Patches _patches;
    private readonly PinnedBuffer _patchRows;

    /// <param name="layers">The layers in training form, not folded.</param>
    /// <param name="context">What they share.</param>
    /// <param name="dropPathRate">Drop path rate of the last block; it rises linearly from 0 at the first.</param>
    public TrainingNetwork(IReadOnlyList<Layer> layers, TrainingContext context, double dropPathRate)
    {
        _context = context;
        _input = layers.OfType<PatchEmbedding>().Single();
        _patches = new Patches(context.Team, _input.ImageSize, _input.PatchSize);
        _patchRows = new PinnedBuffer((long)context.BatchSize * _input.Tokens * _input.PatchLength);
        int blocks = layers.OfType<AttentionBlock>().Count();
        int branch = 0;
        _layers = [.. layers.Select(Create)];

        TrainingLayer Create(Layer layer) => layer switch
        {
            PatchEmbedding { Bias: false } patches => new PatchEmbeddingTraining(patches, context),
            TokenEmbedding tokens => new TokenEmbeddingTraining(tokens, context),
            LayerNormalization norm => new LayerNormalizationTraining(norm),
            AttentionBlock { Folded: false } attention => new AttentionTraining(attention, context, Drop(attention.Block, attention.Tokens)),
            VanillaFeedForward feedForward => new VanillaFeedForwardTraining(feedForward, context, Drop(feedForward.Block, feedForward.Tokens)),
            ChannelIdleFeedForward feedForward when MergedFeedForwardTraining.IsCheaper(feedForward, context.BatchSize)
                => new MergedFeedForwardTraining(feedForward, context, Drop(feedForward.Block, feedForward.Tokens)),
            ChannelIdleFeedForward feedForward => new ChannelIdleFeedForwardTraining(feedForward, context, Drop(feedForward.Block, feedForward.Tokens)),
            ClassTokenPooling pooling => new ClassTokenPoolingTraining(pooling, context),
            Projection projection => new ProjectionTraining(projection, context),
            _ => throw new NotSupportedException($"A layer {layer.GetType().Name} in this form cannot be trained."),
        };

        DropPath Drop(int block, int tokens)
            => new(DropPathChoice.RateOf(dropPathRate, block, blocks), branch++, tokens, context.BatchSize);
    }

    /// <summary>All tensors, in the order of the layers.</summary>
    public IEnumerable<TrainingParameter> Parameters => _layers.SelectMany(layer => layer.Parameters);

    /// <summary>Logits [count, classes] of images [count, channels, size, size], valid until the next call.</summary>
    public Matrix Forward(ReadOnlySpan<float> images, int count)
    {
        _context.Images = count;
        Matrix x = _patchRows.AsMatrix(count * _input.Tokens, _input.PatchLength);
        _patches.Gather(images, x);
        foreach (TrainingLayer layer in _layers)
        {
            x = layer.Forward(_context, x);
        }

        return x;
    }

    /// <summary>Adds the gradients of all parameters, given that of the logits.</summary>
    public void Backward(Matrix dLogits)
    {
        Matrix gradient = dLogits;
        for (int i = _layers.Length - 1; i >= 0; i--)
        {
            gradient = _layers[i].Backward(_context, gradient);
        }
    }
}
