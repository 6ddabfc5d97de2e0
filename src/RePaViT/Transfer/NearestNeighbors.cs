using System.Numerics.Tensors;
using RePaViT.Threading;
using RePaViT.Transfer;

namespace RePaViT;

/// <summary>
/// Classifies images by the labeled images whose features are most like theirs: nothing is trained, so that it says what the features of a
/// model are worth. With features f of length 1, the k images with the greatest s = f·f' vote for their classes, each with exp(s / T)
/// (Wu et al., arXiv 1805.01978, section 3.4; k-NN of DINO, arXiv 2104.14294). Immutable, and safe to use from several threads at once.
/// </summary>
public sealed class NearestNeighbors
{
    private readonly FeatureExtractor _extractor;
    private readonly RePaViTModel _model;
    private readonly NearestNeighborOptions _options;
    private readonly FeatureSet _known;

    private NearestNeighbors(RePaViTModel model, NearestNeighborOptions options, FeatureSet known)
    {
        (_model, _extractor, _options, _known) = (model, model.CreateExtractor(), options, known);
    }

    /// <summary>Computes the features of the labeled images.</summary>
    /// <param name="model">Gives features; its own classes do not matter.</param>
    /// <param name="labeled">The images.</param>
    /// <param name="options">How neighbors vote; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentException">
    /// The data set is empty or has a label that is not accepted, an option is not accepted, or the model gives a number that is not finite.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static NearestNeighbors Fit(
        RePaViTModel model, IImageDataset labeled, NearestNeighborOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(labeled);
        options ??= new NearestNeighborOptions();
        options.Validate();
        labeled.CountLabels();
        RePaViTModel deployed = model.Reparameterize();
        return new NearestNeighbors(deployed, options, Compute(deployed, labeled, cancellationToken));
    }

    /// <summary>The votes of an image's neighbors.</summary>
    /// <param name="image">The image.</param>
    /// <returns>The share of each class, in the order of the data set; together 1.</returns>
    /// <exception cref="ArgumentException">The image has no pixels.</exception>
    public IReadOnlyList<double> Vote(RgbImage image)
    {
        float[] features = _extractor.Compute(image);
        Normalize(features);
        return Vote(features);
    }

    /// <summary>The share of images whose neighbors vote for their label most.</summary>
    /// <param name="images">Images of the same classes, in the same order.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentException">The data set is empty, or has other classes.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public double Evaluate(IImageDataset images, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (images.ClassNames.Count != _known.Classes)
        {
            throw new ArgumentException($"The images have {images.ClassNames.Count} classes, but the labeled ones have {_known.Classes}.", nameof(images));
        }

        images.CountLabels();
        FeatureSet features = Compute(_model, images, cancellationToken);
        int correct = 0;
        ParallelLoop.Run(features.Count, image =>
        {
            if (TensorPrimitives.IndexOfMax<double>(Vote(features.Images[image])) == features.Labels[image])
            {
                Interlocked.Increment(ref correct);
            }
        });
        return (double)correct / features.Count;
    }

    private double[] Vote(float[] features)
    {
        // The most similar ones, the most similar first; of equal ones, those that come first in the data set.
        int count = Math.Min(_options.Neighbors, _known.Count);
        float[] similarities = new float[count];
        int[] labels = new int[count];
        int found = 0;
        for (int image = 0; image < _known.Count; image++)
        {
            float similarity = TensorPrimitives.Dot<float>(features, _known.Images[image]);
            if (found == count && similarity <= similarities[^1])
            {
                continue;
            }

            int place = found < count ? found++ : count - 1;
            for (; place > 0 && similarities[place - 1] < similarity; place--)
            {
                (similarities[place], labels[place]) = (similarities[place - 1], labels[place - 1]);
            }

            (similarities[place], labels[place]) = (similarity, _known.Labels[image]);
        }

        double[] votes = new double[_known.Classes];
        for (int i = 0; i < count; i++)
        {
            votes[labels[i]] += Math.Exp(((double)similarities[i] - similarities[0]) / _options.Temperature);
        }

        TensorPrimitives.Divide(votes, TensorPrimitives.Sum<double>(votes), votes);
        return votes;
    }

    private static FeatureSet Compute(RePaViTModel model, IImageDataset images, CancellationToken cancellationToken)
    {
        var store = new FeatureStore(path: null, origin: "", model.CreateExtractor().Columns);
        FeatureSet features = new FeatureComputation(model, AugmentationOptions.None, seed: 0, store)
            .Run(images, views: 1, progress: _ => { }, cancellationToken);
        foreach (float[] row in features.Images)
        {
            Normalize(row);
        }

        return features;
    }

    private static void Normalize(Span<float> row)
    {
        float norm = TensorPrimitives.Norm<float>(row);
        if (norm > 0)
        {
            TensorPrimitives.Divide(row, norm, row);
        }
    }
}
