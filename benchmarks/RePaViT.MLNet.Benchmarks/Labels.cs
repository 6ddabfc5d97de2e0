using Microsoft.ML;
using Microsoft.ML.Transforms;

namespace RePaViT.MLNet.Benchmarks;

/// <summary>Labels of all pipelines.</summary>
internal static class Labels
{
    /// <summary>Keys in the order of their names, so that pipelines which are fitted to other rows count classes alike.</summary>
    public static IEstimator<ITransformer> ToKeys(MLContext context) => context.Transforms.Conversion.MapValueToKey(
        nameof(ImageRow.Label), keyOrdinality: ValueToKeyMappingEstimator.KeyOrdinality.ByValue);
}
