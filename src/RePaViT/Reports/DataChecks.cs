using RePaViT.Data;
using RePaViT.Threading;

namespace RePaViT.Reports;

/// <summary>Looks at all images once for what makes a measurement worthless or training hard.</summary>
internal static class DataChecks
{
    private const int MaxGroups = 50;
    private const int MaxImagesOfGroup = 20;
    private const int FewImages = 20;
    private const int ImagesAtOnce = 256;

    public static ReportData Run(
        IImageDataset training, IImageDataset? validation, int imageSize, IReadOnlyList<string> leftOut, CancellationToken cancellationToken)
    {
        Seen[] trained = Look(training, isValidation: false, cancellationToken);
        Seen[] validated = validation is null ? [] : Look(validation, isValidation: true, cancellationToken);
        Seen[][] groups = [.. trained.Concat(validated).GroupBy(image => image.Hash).Select(group => group.ToArray()).Where(group => group.Length > 1)];
        int[] counts = training.CountLabels();
        return new ReportData
        {
            Training = Measure(trained, imageSize),
            Validation = validation is null ? null : Measure(validated, imageSize),
            Imbalance = (double)counts.Max() / counts.Where(count => count > 0).Min(),
            FewImages = [.. training.ClassNames.Where((_, label) => counts[label] < FewImages)],
            SharedImages = groups.Where(IsInBoth).Sum(group => group.Count(image => image.Image.IsValidation)),
            Copies = groups.Sum(group => group.Length - 1),
            ContradictingGroups = groups.Count(Contradicts),
            Duplicates =
            [
                .. groups.OrderByDescending(Contradicts).ThenByDescending(IsInBoth).ThenByDescending(group => group.Length).Take(MaxGroups)
                    .Select(group => new ReportDuplicates([.. group.Take(MaxImagesOfGroup).Select(image => image.Image)], group.Length)),
            ],
            LeftOut = leftOut,
        };
    }

    /// <summary>Names an image by where it came from.</summary>
    public static ReportImage Name(IImageDataset images, bool isValidation, int index)
        => new(isValidation, (images as INumberedImages)?.GetPlace(index) ?? index, images.GetLabel(index));

    private static Seen[] Look(IImageDataset images, bool isValidation, CancellationToken cancellationToken)
    {
        var hashed = images as IHashedImages;
        var seen = new Seen[images.Count];
        for (int start = 0; start < seen.Length; start += ImagesAtOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int first = start;
            ParallelLoop.Run(Math.Min(ImagesAtOnce, seen.Length - start), i =>
            {
                RgbImage image = images.GetImage(first + i);

                // A part of a data set that has no hashes says 0.
                ulong hash = hashed?.GetHash(first + i) is ulong known and not 0 ? known : PixelHash.Of(image);
                seen[first + i] = new Seen(hash, image.Width, image.Height, Name(images, isValidation, first + i));
            });
        }

        return seen;
    }

    private static ReportImages Measure(Seen[] images, int imageSize)
    {
        int[] widths = [.. images.Select(image => image.Width).Order()];
        int[] heights = [.. images.Select(image => image.Height).Order()];
        int middle = images.Length / 2;
        return new ReportImages(
            images.Length,
            widths[0], heights[0], widths[middle], heights[middle], widths[^1], heights[^1],
            images.Count(image => Math.Min(image.Width, image.Height) < imageSize));
    }

    private static bool IsInBoth(Seen[] group) => group.Select(image => image.Image.IsValidation).Distinct().Count() > 1;

    private static bool Contradicts(Seen[] group) => group.Select(image => image.Image.Label).Distinct().Count() > 1;

    private sealed record Seen(ulong Hash, int Width, int Height, ReportImage Image);
}
