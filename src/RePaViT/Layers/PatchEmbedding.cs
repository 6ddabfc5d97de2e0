using RePaViT.Operators;

namespace RePaViT.Layers;

/// <summary>Cuts an image [channels, size * size] into patches and projects each to a token: [patches, dim].</summary>
/// <param name="Name">Prefix of its tensors.</param>
/// <param name="ImageSize">Width and height of the image, in pixels.</param>
/// <param name="PatchSize">Width and height of a patch, in pixels.</param>
/// <param name="Channels">Color channels.</param>
/// <param name="Dim">Channels of a token.</param>
/// <param name="HasBias">Whether a bias is added. Folding the normalization of the input needs one.</param>
internal sealed record PatchEmbedding(
    string Name, int ImageSize, int PatchSize, int Channels, int Dim, bool HasBias) : Layer
{
    public override Shape Input => Patches.Source;

    public PatchTable Patches => new(Channels, ImageSize, PatchSize);

    public Linear Projection => new(
        new TensorSpec($"{Name}.weight", TensorRole.Weight, Dim, Channels, PatchSize, PatchSize),
        HasBias ? new TensorSpec($"{Name}.bias", TensorRole.Bias, Dim) : null);

    public override Value Define(Graph graph, Value x) => graph.Add(Projection, graph.Add(new Gather(Patches), x));
}
