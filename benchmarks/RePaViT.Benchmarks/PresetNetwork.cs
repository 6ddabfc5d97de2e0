using RePaViT.Networks;
using RePaViT.Rewrites;

namespace RePaViT.Benchmarks;

/// <summary>Networks to measure: what they compute is noise, at the speed of any other weights.</summary>
internal static class PresetNetwork
{
    /// <summary>The network as a model runs it: folded, and merged where that is its form.</summary>
    public static Network Create(Architecture architecture, ExportForm form)
    {
        Network network = architecture.CreateNetwork(seed: 0);
        return Folding.Fold(form == ExportForm.Deployed ? FeedForwardMerging.Merge(network) : network, new ImagePreprocessing());
    }
}
