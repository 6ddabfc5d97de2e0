using System.Numerics.Tensors;
using RePaViT.Inference;
using RePaViT.Layers;
using RePaViT.Operators;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>
/// Fits all that is linear in a converted layer, active output weights, M and bias together, to what the original network has
/// after the layer: least squares in [z, 1, f(u)] of the active channels, with a ridge around the weights that are there, so
/// that what is exact stays exact. Since the input is that of the converted network, the errors of earlier blocks are
/// corrected too.
/// </summary>
internal static class BlockFit
{
    // Of the mean square of the features.
    private const double Ridge = 1e-4;

    /// <summary>The images that are worth their time.</summary>
    public static RowDemand Demand => new(RowsPerUnknown: 30, MinRows: 1 << 15);

    /// <summary>Changes the weights of a block.</summary>
    /// <param name="block">The weights to start from.</param>
    /// <param name="layer">The converted layer.</param>
    /// <param name="source">The layer as it was.</param>
    /// <param name="images">What enters and what should leave.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <exception cref="ArithmeticException">The network computes values that are no numbers.</exception>
    public static void Fit(DeployedBlock block, ReparameterizedFeedForward layer, HiddenLayer source, BlockImages images, int? threads)
    {
        ThreadTeam team = ThreadTeam.Get(threads);
        (int dim, int active) = (layer.Dim, layer.Active);
        var weights = new NamedTensors();
        block.AddTo(weights, layer);
        InferencePlan plan = InferencePlan.Compile([layer], weights, threads);
        InferencePlan? hidden = active == 0
            ? null
            : InferencePlan.Compile(
                [new OperatorChain(layer.Input, layer.Inner, new Activate(layer.Activation, active))], weights, threads);
        var features = new FeatureRows(dim, active, images.RowWeights, team);
        var nowOfBatch = new BatchArray();
        var activatedOfBatch = new BatchArray();
        images.ForEach((count, x, y) =>
        {
            float[] now = nowOfBatch.Of(x.Length);
            plan.Run(x, count, now);
            float[] z = source.Normalize(x, count);
            float[] activated = activatedOfBatch.Of((long)count * layer.Tokens * active);
            hidden?.Run(z, count, activated);
            features.Add(z, activated, y, now);
        });

        (GramMatrix gram, int unknowns) = (features.Gram, features.Unknowns);
        gram.AddRidge(0, dim, Ridge);
        gram.AddRidge(dim + 1, active, Ridge);
        var factor = new CholeskyFactor(gram.Values, gram.Size, team);
        factor.Factor(unknowns);
        Memory<double> change = gram.Values.AsMemory(unknowns * gram.Size);
        factor.SolveTransposed(unknowns, change, gram.Size);
        for (int channel = 0; channel < dim; channel++)
        {
            ReadOnlySpan<double> row = change.Span.Slice(channel * gram.Size, unknowns);
            if (!double.IsFinite(TensorPrimitives.Sum(row)))
            {
                throw new ArithmeticException($"The values to fit are not finite numbers in channel {channel}.");
            }

            Add(row[..dim], block.Merged.AsSpan(channel * dim, dim));
            block.Bias[channel] += row[dim];
            Add(row[(dim + 1)..], block.Output.AsSpan(channel * active, active));
        }
    }

    private static void Add(ReadOnlySpan<double> change, Span<double> weights) => TensorPrimitives.Add(weights, change, weights);
}
