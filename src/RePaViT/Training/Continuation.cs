using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Rewrites;

namespace RePaViT.Training;

/// <summary>Turns a model, deployed or not, into weights in training form from which training continues.</summary>
internal static class Continuation
{
    /// <param name="model">The model.</param>
    /// <param name="target">The network to train: the model's, except that its classes and preprocessing may be others.</param>
    /// <param name="training">The training images.</param>
    /// <param name="seed">What random choices follow from.</param>
    /// <param name="threads">Most threads to use; null for one on every core.</param>
    /// <exception cref="ArgumentException">The model has another architecture; the message names the first difference.</exception>
    /// <exception cref="NotSupportedException">The model's merged weights cannot come from its idle channels.</exception>
    public static NamedTensors Weights(
        RePaViTModel model, ModelDescription target, IImageDataset training, ulong seed, int? threads)
    {
        if (JsonDifference.First(
            "architecture", target.Architecture, model.Architecture with { Classes = target.Architecture.Classes },
            "the initial model") is string difference)
        {
            throw new ArgumentException($"The initial model cannot be trained further: {difference}.");
        }

        Network network = Unfolded(model, target.Preprocessing);
        if (!ReferenceEquals(network, model.Network))
        {
            // What was folded has no statistics any more.
            network = ConvolutionFolding.Measure(network, Sample(layer => layer is Activation));
        }

        if (network.Stage == NetworkStage.Merged)
        {
            IEnumerable<float[]> inputs = Sample(layer => layer is ReparameterizedFeedForward);
            network = FeedForwardExpansion.Expand(network, model.Architecture.Layers(NetworkForm.Trained), inputs, seed);
        }

        return model.ClassNames.SequenceEqual(target.ClassNames)
            ? network.Weights
            : WithNewHead(network, target.Architecture, seed);

        IEnumerable<float[]> Sample(Func<Layer, bool> sampled)
            => LayerSample.Take(model.Folded(), sampled, training, target.Preprocessing, seed, threads);
    }

    /// <summary>
    /// The network after the normalization of the new run. Its own weights take the same one, if nothing is folded yet;
    /// any other is folded in, and the new one is taken out.
    /// </summary>
    private static Network Unfolded(RePaViTModel model, ImagePreprocessing preprocessing)
    {
        bool isSame = model.Preprocessing.Mean == preprocessing.Mean
            && model.Preprocessing.StandardDeviation == preprocessing.StandardDeviation;
        return isSame && model.Network.Stage != NetworkStage.Folded
            ? model.Network
            : Folding.Unfold(model.Folded(), model.Architecture.Layers(model.Form), preprocessing);
    }

    /// <summary>Other classes need a head of their own, which starts like that of a new network.</summary>
    private static NamedTensors WithNewHead(Network network, Architecture architecture, ulong seed)
    {
        IReadOnlyList<Layer> layers = architecture.Layers(NetworkForm.Trained);
        var weights = new NamedTensors();
        weights.Copy(layers.Where(layer => !layer.IsHead).SelectMany(layer => layer.Tensors), network.Weights);
        foreach ((string name, WeightTensor tensor) in WeightInitializer.Create(layers.Where(layer => layer.IsHead), seed))
        {
            weights.Add(name, tensor);
        }

        return weights;
    }
}
