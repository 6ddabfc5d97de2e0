using RePaViT.Layers;
using RePaViT.Networks;

namespace RePaViT.Rewrites;

/// <summary>
/// Folds what a deployed network would otherwise compute again for every image into its weights, and takes it out again.
/// </summary>
internal static class Folding
{
    /// <summary>A network that takes samples from 0 to 255.</summary>
    /// <param name="network">A network that is not folded yet, in any form.</param>
    /// <param name="preprocessing">How its input is normalized.</param>
    /// <exception cref="ArgumentException">The network is folded already.</exception>
    public static Network Fold(Network network, ImagePreprocessing preprocessing)
    {
        if (network.Stage == NetworkStage.Folded)
        {
            throw new ArgumentException("The network's input normalization is folded already; it cannot take a second one.", nameof(network));
        }

        return LayerScaleFolding.Fold(AttentionFolding.Fold(ConvolutionFolding.Fold(InputNormalization.Fold(network, preprocessing))));
    }

    /// <summary>The layout of a network once it is folded.</summary>
    public static NetworkLayout Fold(NetworkLayout layout)
        => layout with { Layers = [.. layout.Layers.Select(Fold)] };

    private static Layer Fold(Layer layer)
        => LayerScaleFolding.Fold(AttentionFolding.Fold(ConvolutionFolding.Fold(InputNormalization.Fold(layer))));

    /// <summary>The inverse of <see cref="Fold(Network, ImagePreprocessing)"/>: a network that can be trained again.</summary>
    /// <param name="network">A folded network.</param>
    /// <param name="layers">Its layers before they were folded.</param>
    /// <param name="preprocessing">How its input is to be normalized from now on.</param>
    /// <exception cref="ArgumentException">The network is not folded.</exception>
    public static Network Unfold(Network network, IReadOnlyList<Layer> layers, ImagePreprocessing preprocessing)
    {
        if (network.Stage != NetworkStage.Folded)
        {
            throw new ArgumentException("The network is not folded.", nameof(network));
        }

        return InputNormalization.Unfold(
            ConvolutionFolding.Unfold(AttentionFolding.Unfold(LayerScaleFolding.Unfold(network))), layers, preprocessing);
    }
}
