using RePaViT.Randomness;

namespace RePaViT.Training;

/// <summary>The order of the images in each epoch. Safe to ask from several threads.</summary>
/// <param name="images">Number of images.</param>
/// <param name="seed">The seed of all random choices.</param>
internal sealed class EpochOrder(int images, ulong seed)
{
    private volatile Order? _last;

    /// <summary>The indices of the images in an epoch.</summary>
    public int[] Of(int epoch)
    {
        // Two threads may both shuffle; they get the same order.
        Order? order = _last;
        if (order?.Epoch != epoch)
        {
            _last = order = new Order(epoch, new RandomStream(seed, RandomPurpose.Shuffle, epoch).NextPermutation(images));
        }

        return order.Indices;
    }

    private sealed record Order(int Epoch, int[] Indices);
}
