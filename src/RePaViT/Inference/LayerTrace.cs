using RePaViT.Layers;
using RePaViT.Networks;
using RePaViT.Operators;

namespace RePaViT.Inference;

/// <summary>What enters some of the layers of a network, all of it.</summary>
internal static class LayerTrace
{
    /// <summary>
    /// Layer by layer, [count * rows, columns], with its shape for one image. All images pass a layer before the next one begins, so only one layer's
    /// rows are held beside those of the one before.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="traced">Whether a layer is one of those; not the first.</param>
    /// <param name="threads">Threads that share the work; null for one per processor.</param>
    /// <param name="count">Number of images, at least 1.</param>
    /// <param name="prepare">Gets the index of the first of some images and room for them: [images, channels, size, size].</param>
    public static IEnumerable<(Shape Shape, float[] Values)> Run(
        Network network, Func<Layer, bool> traced, int? threads, int count, Action<int, Memory<float>> prepare)
    {
        float[] values = [];
        int first = 0;
        for (int next = 1; next < network.Layers.Count; next++)
        {
            if (!traced(network.Layers[next]))
            {
                continue;
            }

            Layer[] layers = [.. network.Layers.Take(first..next)];
            InferencePlan plan = InferencePlan.Compile(layers, network.Weights, threads);
            values = Advance(plan, layers[0].Input.Length, network.Layers[next].Input.Length, first == 0);
            first = next;
            yield return (network.Layers[next].Input, values);
        }

        // All images through some layers: from pixels, or from what the layers before them gave.
        float[] Advance(InferencePlan plan, long inputLength, long outputLength, bool fromPixels)
        {
            float[] result = new float[checked(count * outputLength)];
            float[] images = fromPixels ? new float[Math.Min(count, plan.ImagesPerPass) * inputLength] : [];
            for (int start = 0; start < count; start += plan.ImagesPerPass)
            {
                int pass = Math.Min(plan.ImagesPerPass, count - start);
                Memory<float> input = fromPixels
                    ? images.AsMemory(0, (int)(pass * inputLength))
                    : values.AsMemory((int)(start * inputLength), (int)(pass * inputLength));
                if (fromPixels)
                {
                    prepare(start, input);
                }

                plan.Run(input.Span, pass, result.AsSpan((int)(start * outputLength), (int)(pass * outputLength)));
            }

            return result;
        }
    }
}
