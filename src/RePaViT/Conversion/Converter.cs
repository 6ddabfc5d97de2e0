using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Rewrites;
using RePaViT.Threading;

namespace RePaViT.Conversion;

/// <summary>
/// Makes a vanilla network channel-idle block by block: in each the channels that stay active are chosen, and what is linear is
/// fitted to what the original network has after it. Then the images pass on to the next block in both networks.
/// </summary>
internal static class Converter
{
    /// <summary>Converts a network and compares it with the original.</summary>
    /// <param name="model">A vanilla model.</param>
    /// <param name="architecture">The same network with active channels.</param>
    /// <param name="images">Calibration images.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <param name="blockDone">Called after each block.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="InvalidOperationException">The network computes values that are no numbers.</exception>
    public static ConversionResult Convert(
        RePaViTModel model, Architecture architecture, CalibrationSplit images, int? threads, Action<int> blockDone,
        CancellationToken cancellationToken)
    {
        ConvertedModel converted = Run(model, architecture, images.Fitted, threads, blockDone, cancellationToken);
        HeldOutComparison comparison = HeldOutComparison.Run(model, converted.Model, images.HeldOut, cancellationToken);
        return new ConversionResult(converted.Model, new ConversionReport
        {
            Blocks = converted.Blocks,
            Images = converted.Images,
            HeldOutImages = images.HeldOut.Count,
            Agreement = converted.Agreement.Share,
            HeldOutAgreement = comparison.Agreement.Share,
            HeldOutCosine = comparison.Closeness?.Mean,
            LeastHeldOutCosine = comparison.Closeness?.Least,
            LargestDifference = Math.Max(converted.Agreement.LargestDifference, comparison.Agreement.LargestDifference),
            CostBefore = model.Cost,
            CostAfter = converted.Model.Cost,
            ImagesPerSecondBefore = comparison.OriginalRate,
            ImagesPerSecondAfter = comparison.ConvertedRate,
        });
    }

    private static ConvertedModel Run(
        RePaViTModel model, Architecture architecture, CalibrationImages images, int? threads, Action<int> blockDone,
        CancellationToken cancellationToken)
    {
        Network network = model.Folded();
        NetworkLayout layout = Folding.Fold(architecture.Layout(NetworkForm.Deployed));
        var weights = new NamedTensors();
        var blocks = new List<BlockConversion>();
        int next = 0;
        using var original = new ImageStream(images.Take(ImagesWorthFitting(network, layout)), threads, cancellationToken);
        ImageStream? converted = null;
        try
        {
            for (int place = 0; place < network.Layers.Count; place++)
            {
                if (network.Layers[place] is not VanillaFeedForward layer)
                {
                    weights.CopyRest(network.Layers[place].Tensors, network.Weights);
                    continue;
                }

                var target = (ReparameterizedFeedForward)layout.Layers[place];
                Layer[] before = [.. network.Layers.Take(next..place)];
                original.Advance(before, network.Weights);
                converted?.Advance(before, network.Weights);
                converted ??= original.Fork();
                original.Advance([layer], network.Weights);
                var block = new BlockImages(converted, original, RowWeights(network.Layers, place));
                NamedTensors fitted = ConvertBlock(layer, target, network.Weights, block, threads, blocks.Count);
                weights.Copy(target.Tensors, fitted);
                converted.Advance([target], fitted);
                blocks.Add(new BlockConversion(target.Active, layer.Hidden, converted.RelativeDistance(original)));
                blockDone(blocks.Count);
                next = place + 1;
            }

            Layer[] rest = [.. network.Layers.Skip(next)];
            original.Advance(rest, network.Weights);
            converted!.Advance(rest, network.Weights);
            var agreement = new Agreement();
            original.ForEachBatch(original.ImagesPerBatch, (first, count)
                => agreement.Add(original.Read(first, count), converted.Read(first, count), architecture.Classes));
            var result = new Network(layout, weights, NetworkStage.Folded);
            ModelDescription description = model.Description with { Architecture = architecture, Form = NetworkForm.Deployed };
            return new ConvertedModel(model.With(description, result), original.Count, blocks, agreement);
        }
        finally
        {
            converted?.Dispose();
        }
    }

    private static int ImagesWorthFitting(Network network, NetworkLayout layout) => network.Layers.Zip(layout.Layers).Max(
        layers => layers is (VanillaFeedForward layer, ReparameterizedFeedForward target) ? BlockFit.Demand.Images(layer, target.Active) : 1);

    /// <summary>
    /// The weight of each row after a layer: all the same, or the class token as much as all others together if only it is read.
    /// </summary>
    public static float[] RowWeights(IReadOnlyList<Layer> layers, int place)
        => layers[place + 1] is ClassTokenPooling pooling && pooling.Tokens > 1
            ? [pooling.Tokens - 1, .. Enumerable.Repeat(1f, pooling.Tokens - 1)]
            : [1];

    private static NamedTensors ConvertBlock(
        VanillaFeedForward layer, ReparameterizedFeedForward target, NamedTensors weights, BlockImages images, int? threads, int block)
    {
        try
        {
            bool keepsNorm = target.InputNorm is not null;
            var source = new HiddenLayer(
                layer, weights, keepsNorm, keepsNorm ? null : NormLinearization.Fold(layer, weights, images, threads), threads);
            (int[] active, LineFit lines) = ChannelChoice.Choose(source, target.Active, images, ThreadTeam.Get(threads));
            var deployed = new DeployedBlock(source, active, lines);
            BlockFit.Fit(deployed, target, source, images, threads);
            var fitted = new NamedTensors();
            deployed.AddTo(fitted, target);
            return fitted;
        }
        catch (ArithmeticException exception)
        {
            throw new InvalidOperationException(
                $"Block {block + 1} cannot be converted: on the calibration images the network computes values there "
                + "that are not finite numbers.",
                exception);
        }
    }

    /// <summary>A model, how many images it was fitted to, what became of each of its blocks, and how the fitted images agree.</summary>
    private sealed record ConvertedModel(RePaViTModel Model, int Images, IReadOnlyList<BlockConversion> Blocks, Agreement Agreement);
}
