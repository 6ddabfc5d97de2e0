using RePaViT.Layers;
using RePaViT.Networks;

namespace RePaViT.Models;

/// <summary>The part of a network that gives logits for every token.</summary>
internal static class TokenNetwork
{
    /// <summary>
    /// Logits of an LV-ViT's tokens, those of the class token first; or those of each place of the last feature map, where the
    /// head reads the average of them all: it is linear, so that the average of these logits is what the network answers.
    /// </summary>
    /// <exception cref="ArgumentException">The head reads a class token alone.</exception>
    public static Network Of(Network network)
    {
        if (network.Layout.Outputs.Any(output => output.Name == NetworkLayout.TokenLogits))
        {
            return network.TakeOutput(NetworkLayout.TokenLogits);
        }

        if (network.Layers is not [.., AveragePooling pooling, Head head])
        {
            throw new ArgumentException(
                "The head of this network reads the class token alone and says nothing about patches: an LV-ViT is needed, "
                + "or a network that averages its last feature map (MLP-Mixer, Swin, PoolFormer).");
        }

        Layer[] layers = [.. network.Layers.SkipLast(2), head with { Tokens = pooling.Tokens }];
        return new Network(
            new NetworkLayout(layers, [new NetworkOutput(NetworkLayout.TokenLogits, layers.Length)]), network.Weights, network.Stage);
    }
}
