using RePaViT.Architectures;

namespace RePaViT.Inference;

/// <summary>The sizes that a network needs buffers for.</summary>
internal sealed record InferenceShapes(
    int ImagesPerPass, int ImageSize, int Channels, int PatchSize, int Patches, int PatchLength,
    int Tokens, int Dim, int HiddenWidth, int Heads, int Classes)
{
    // Rows that go through the network together: enough to use each weight often, few enough to stay near the cores.
    private const int RowsPerPass = 1600;

    /// <summary>Values of an image.</summary>
    public int ImageLength => Channels * ImageSize * ImageSize;

    public static InferenceShapes Of(IReadOnlyList<Layer> layers)
    {
        PatchEmbedding input = layers.OfType<PatchEmbedding>().Single();
        AttentionBlock attention = layers.OfType<AttentionBlock>().First();
        int hidden = layers.Max(layer => layer switch
        {
            VanillaFeedForward feedForward => feedForward.Hidden,
            ChannelIdleFeedForward feedForward => feedForward.Hidden,
            ReparameterizedFeedForward feedForward => feedForward.Active + feedForward.Dim,
            _ => 0,
        });
        return new InferenceShapes(
            Math.Max(1, RowsPerPass / attention.Tokens), input.ImageSize, input.Channels, input.PatchSize, input.Tokens,
            input.PatchLength, attention.Tokens, attention.Dim, hidden, attention.Heads,
            layers.OfType<Projection>().Last().Outputs);
    }
}
