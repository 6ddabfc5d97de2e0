using RePaViT.Randomness;
namespace RePaViT.Training;

/// <summary>
/// Mixup and cutmix of a whole batch, as timm's "batch" mode does it: one choice and one share for the batch, the
/// partner of image i being image n-1-i.
/// </summary>
internal static class AugmentationMixing
{
    /// <summary>
    /// Targets of [images, classes]: share for an image's own label, the rest for its partner's, smoothed so that every
    /// class gets smoothing / classes. In a wider target, they are the first values.
    /// </summary>
    public static void WriteTargets(
        Span<float> targets, ReadOnlySpan<int> labels, int classes, double share, double smoothing, int? targetLength = null)
    {
        for (int image = 0; image < labels.Length; image++)
        {
            Span<float> row = targets.Slice(image * (targetLength ?? classes), classes);
            row.Fill((float)(smoothing / classes));
            row[labels[image]] += (float)((1 - smoothing) * share);
            row[labels[^(image + 1)]] += (float)((1 - smoothing) * (1 - share));
        }
    }

    /// <summary>Mixes each image with its partner, in place; returns the share of itself that each image keeps.</summary>
    public static double Mix(TrainingBatch batch, AugmentationOptions options, int size, RandomStream random)
    {
        bool mixup = options.MixupAlpha > 0;
        bool cutmix = options.CutmixAlpha > 0;
        if (!(mixup || cutmix) || random.NextDouble() >= options.MixProbability)
        {
            return 1;
        }

        if (cutmix && (!mixup || random.NextDouble() < options.MixSwitchProbability))
        {
            CutBox box = CutBox.Draw(size, random.NextBeta(options.CutmixAlpha), ref random);
            ForEachPair(batch, (image, partner) => Swap(image, partner, box, size));
            return box.ShareOutside(size);
        }

        double share = random.NextBeta(options.MixupAlpha);
        ForEachPair(batch, (image, partner) => Blend(image, partner, (float)share));
        return share;
    }

    private static void ForEachPair(TrainingBatch batch, Action<Span<float>, Span<float>> mix)
    {
        int length = batch.Images.Length / batch.Capacity;
        Parallel.For(0, batch.Count / 2, i =>
        {
            MixPair(batch.Images);
            if (batch.Pixels.Length > 0)
            {
                // What a teacher sees of them.
                MixPair(batch.Pixels);
            }

            void MixPair(float[] images)
                => mix(images.AsSpan(i * length, length), images.AsSpan((batch.Count - 1 - i) * length, length));
        });
    }

    private static void Blend(Span<float> image, Span<float> partner, float share)
    {
        for (int i = 0; i < image.Length; i++)
        {
            (image[i], partner[i]) =
                (image[i] * share + partner[i] * (1 - share), partner[i] * share + image[i] * (1 - share));
        }
    }

    private static void Swap(Span<float> image, Span<float> partner, CutBox box, int size)
    {
        for (int channel = 0; channel < 3; channel++)
        {
            for (int y = box.Top; y < box.Bottom; y++)
            {
                int row = (channel * size + y) * size;
                for (int i = row + box.Left; i < row + box.Right; i++)
                {
                    (image[i], partner[i]) = (partner[i], image[i]);
                }
            }
        }
    }
}
