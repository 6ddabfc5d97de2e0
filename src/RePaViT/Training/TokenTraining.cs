using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Objectives;
using RePaViT.Operators;

namespace RePaViT.Training;

/// <summary>What a run with token labels trains: a network up to the logits of its tokens, some of which are exchanged.</summary>
internal sealed class TokenTraining : ITeaching
{
    private readonly TokenLabels _options;
    private readonly ITokenLabelSource _source;

    /// <param name="options">What the labels count, and whether tokens are exchanged.</param>
    /// <param name="source">Where the labels come from; disposed with this.</param>
    public TokenTraining(TokenLabels options, ITokenLabelSource source) => (_options, _source) = (options, source);

    public RunDescription Describe(RunDescription run) => run with
    {
        TokenLabels = new TokenLabelDescription
        {
            Labels = _source.Identity,
            ClassWeight = _options.ClassWeight,
            TokenWeight = _options.TokenWeight,
            LabelShare = _options.LabelShare,
            MixToken = _options.MixToken,
        },
    };

    public Objective Objective(int classes) => new TokenLabelCrossEntropy(classes, _options.ClassWeight, _options.TokenWeight);

    public void Dispose() => _source.Dispose();

    public IBatchTargets Targets(Network network)
    {
        Shape output = network.ToGraph().Graph.Output.Shape;
        return new TokenTargets(_source, _options, (int)Math.Sqrt(output.Rows - 1), output.Columns);
    }

    public Network NetworkOf(Network whole)
    {
        Network network = whole.TakeOutput(NetworkLayout.TokenLogits);
        if (!_options.MixToken)
        {
            return network;
        }

        TokenEmbedding embedding = network.Layers.OfType<TokenEmbedding>().Single();
        var exchange = new TokenExchange((int)Math.Sqrt(embedding.Input.Rows), embedding.Dim);
        Layer[] layers = [.. network.Layers.SelectMany(layer => layer == embedding ? new Layer[] { exchange, layer } : [layer])];
        return new Network(
            new NetworkLayout(layers, [new NetworkOutput(NetworkLayout.TokenLogits, layers.Length)]), network.Weights, network.Stage);
    }
}
