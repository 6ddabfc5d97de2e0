using System.Numerics.Tensors;
using RePaViT.Randomness;
using RePaViT.Threading;

namespace RePaViT.Training;

/// <summary>Makes the targets of a batch from labels of tokens, and chooses the tokens that its images exchange.</summary>
/// <param name="source">Where the labels come from.</param>
/// <param name="options">What they count, and whether tokens are exchanged.</param>
/// <param name="patchesPerSide">Patches along each side of an image.</param>
/// <param name="classes">Number of classes.</param>
internal sealed class TokenTargets(ITokenLabelSource source, TokenLabels options, int patchesPerSide, int classes) : IBatchTargets
{
    /// <summary>Values of an image's target: [1 + patches, classes].</summary>
    public int Length { get; } = (1 + patchesPerSide * patchesPerSide) * classes;

    public bool NeedsPixels => source.NeedsPixels;

    /// <remarks>Images are not mixed here: the share is 1.</remarks>
    public void Fill(TrainingBatch batch, ImageView[] views, int[] labels, double share, double smoothing, BatchKey key)
    {
        source.Fill(views, batch.Pixels, patchesPerSide, batch.Targets);
        ParallelLoop.Run(views.Length, image =>
        {
            Span<float> target = Target(batch, image);
            Span<float> ofImage = target[..classes];
            TensorPrimitives.Multiply(ofImage, (float)(1 - options.LabelShare), ofImage);
            ofImage[labels[image]] += (float)options.LabelShare;
            TensorPrimitives.Multiply(target, (float)(1 - smoothing), target);
            TensorPrimitives.Add(target, (float)(smoothing / classes), target);
        });
        if (options.MixToken)
        {
            RandomStream random = key.Stream(RandomPurpose.TokenExchange);
            batch.Exchanged = CutBox.Draw(patchesPerSide, random.NextBeta(1), ref random);
            ParallelLoop.Run(views.Length / 2, image => Exchange(
                Target(batch, image), Target(batch, views.Length - 1 - image), batch.Exchanged));
        }
    }

    private Span<float> Target(TrainingBatch batch, int image) => batch.Targets.AsSpan(image * Length, Length);

    /// <summary>Patches take their labels with them; those of the images are mixed by area.</summary>
    private void Exchange(Span<float> image, Span<float> partner, CutBox box)
    {
        float share = (float)box.ShareOutside(patchesPerSide);
        for (int i = 0; i < classes; i++)
        {
            (image[i], partner[i]) = (share * image[i] + (1 - share) * partner[i], share * partner[i] + (1 - share) * image[i]);
        }

        int length = (box.Right - box.Left) * classes;
        for (int y = box.Top; y < box.Bottom && length > 0; y++)
        {
            int start = (1 + y * patchesPerSide + box.Left) * classes;
            for (int i = start; i < start + length; i++)
            {
                (image[i], partner[i]) = (partner[i], image[i]);
            }
        }
    }
}
