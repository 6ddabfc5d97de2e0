using RePaViT.IO;
using RePaViT.Models;
using RePaViT.Threading;

namespace RePaViT.Reports;

/// <summary>The mistakes that a network is surest of, as pictures with a map of what counts in them.</summary>
internal static class MistakeGallery
{
    // Larger pictures would make the page large, and are not shown larger.
    private const int MaxPictureSide = 112;

    /// <param name="model">The network.</param>
    /// <param name="answers">What it answers.</param>
    /// <param name="images">To what.</param>
    /// <param name="isValidation">Whether these are the validation images.</param>
    /// <param name="temperature">The temperature of probabilities.</param>
    /// <param name="most">Most mistakes to show.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static (IReadOnlyList<ReportMistake> Mistakes, ReportMapKind Kind) Create(
        RePaViTModel model, LabeledLogits answers, IImageDataset images, bool isValidation, double temperature, int most,
        CancellationToken cancellationToken)
    {
        double[] probabilities = new double[answers.Classes];
        (int Image, double Probability, double LabelProbability)[] shown =
        [
            .. Enumerable.Range(0, answers.Count)
                .Where(image => answers.Predicted(image) != answers.Label(image))
                .Select(image =>
                {
                    answers.Probabilities(image, temperature, probabilities);
                    return (image, probabilities[answers.Predicted(image)], probabilities[answers.Label(image)]);
                })
                .OrderByDescending(mistake => mistake.Item2)
                .Take(most),
        ];
        ReportMapKind kind = AttentionRollout.Suits(model.Folded()) ? ReportMapKind.AttentionRollout : ReportMapKind.Occlusion;
        if (shown.Length == 0)
        {
            return ([], kind);
        }

        float[][] maps = Maps(model, kind, [.. shown.Select(mistake => images.GetImage(mistake.Image))], cancellationToken);
        return (
            [
                .. shown.Select((mistake, index) => new ReportMistake(
                    DataChecks.Name(images, isValidation, mistake.Image),
                    answers.Predicted(mistake.Image),
                    mistake.Probability,
                    mistake.LabelProbability,
                    Picture(model, images.GetImage(mistake.Image)),
                    maps[index])),
            ],
            kind);
    }

    private static float[][] Maps(RePaViTModel model, ReportMapKind kind, RgbImage[] images, CancellationToken cancellationToken)
    {
        float[] planes = new float[images.Length * model.ImageLength];
        ParallelLoop.Run(images.Length, i => model.Preprocessing.Prepare(
            images[i], model.Architecture.ImageSize, planes.AsSpan(i * model.ImageLength, model.ImageLength)));
        return kind == ReportMapKind.AttentionRollout
            ? AttentionRollout.Compute(model.Folded(), planes, images.Length)
            : PatchOcclusion.Compute(model, planes, images.Length, cancellationToken);
    }

    /// <summary>The part of an image that the network sees, which its map fits.</summary>
    private static byte[] Picture(RePaViTModel model, RgbImage image)
    {
        int side = Math.Min(model.Architecture.ImageSize, MaxPictureSide);
        float[] planes = new float[3 * side * side];
        model.Preprocessing.Prepare(image, side, planes);
        byte[] samples = new byte[planes.Length];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = (byte)Math.Clamp(MathF.Round(planes[i % 3 * side * side + i / 3]), 0, 255);
        }

        return PngFile.Encode(side, side, samples);
    }
}
