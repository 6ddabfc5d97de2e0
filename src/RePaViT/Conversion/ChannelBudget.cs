using System.Numerics.Tensors;
using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>Spreads a number of multiply-adds over the blocks of a network.</summary>
internal static class ChannelBudget
{
    /// <summary>
    /// Active channels of each block. Of all hidden channels of all blocks those stay active by which most would be lost for
    /// each multiply-add, as a share of what tokens are in front of the block.
    /// </summary>
    /// <param name="model">A vanilla model.</param>
    /// <param name="merged">The same network without active channels.</param>
    /// <param name="budget">The most multiply-adds for an image.</param>
    /// <param name="images">Calibration images.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="ArgumentException">The budget is too small.</exception>
    public static IntegerList Spread(
        RePaViTModel model, Architecture merged, long budget, CalibrationImages images, int? threads, CancellationToken cancellationToken)
    {
        long rest = budget - merged.Cost(NetworkForm.Deployed).MultiplyAdds;
        if (rest < 0)
        {
            throw new ArgumentException(
                $"{budget} multiply-adds are not accepted: the network needs {budget - rest} even without any active channel.");
        }

        Network network = model.Folded();
        var candidates = new List<Candidate>();
        int blocks = 0;
        int next = 0;
        int limit = network.Layers.OfType<VanillaFeedForward>().Max(layer => ChannelChoice.Demand.Images(layer, layer.Hidden));
        using var stream = new ImageStream(images.Take(limit), threads, cancellationToken);
        for (int place = 0; place < network.Layers.Count; place++)
        {
            if (network.Layers[place] is VanillaFeedForward layer)
            {
                stream.Advance([.. network.Layers.Take(next..place)], network.Weights);
                next = place;
                candidates.AddRange(Measure(layer, network.Weights, blocks++, stream, Converter.RowWeights(network.Layers, place), threads));
            }
        }

        int[] active = new int[blocks];
        foreach (Candidate candidate in candidates.OrderByDescending(candidate => candidate.Loss / candidate.Cost))
        {
            if (candidate.Cost <= rest)
            {
                active[candidate.Block]++;
                rest -= candidate.Cost;
            }
        }

        return IntegerList.Create(active);
    }

    private static IEnumerable<Candidate> Measure(
        VanillaFeedForward layer, NamedTensors weights, int block, ImageStream stream, float[] rowWeights, int? threads)
    {
        var source = new HiddenLayer(layer, weights, keepsNorm: true, inner: null, threads);
        var lines = new LineFit(layer.Hidden, ThreadTeam.Get(threads));
        double squares = 0;
        int limit = ChannelChoice.Demand.Images(layer, layer.Hidden);
        stream.ForEachBatch(stream.ImagesPerBatch, (first, count) =>
        {
            if (first >= limit)
            {
                return;
            }

            float[] x = stream.Read(first, count);
            float[] u = source.Expand(source.Normalize(x, count), count);
            lines.Add(u, source.Activate(u, count), rowWeights);
            squares += TensorPrimitives.SumOfSquares<float>(x);
        });

        double scale = 1 / Math.Max(squares, double.Epsilon);
        long cost = 2L * layer.Dim * layer.Tokens;
        return Enumerable.Range(0, layer.Hidden)
            .Select(channel => new Candidate(block, cost, scale * ChannelChoice.Loss(source, lines, channel)));
    }

    private readonly record struct Candidate(int Block, long Cost, double Loss);
}
