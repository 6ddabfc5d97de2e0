using RePaViT.IO;
using RePaViT.Pages;
using RePaViT.Tool;

namespace RePaViT.PhotoSimilarity;

/// <summary>All steps, from files to the page.</summary>
internal static class SimilaritySearch
{
    // A line of a file for so many photos.
    private const int PhotosPerLine = 500;
    private const int MostReasons = 20;

    /// <returns>The exit code: 0, or 1 if a photo could not be read.</returns>
    public static int Run(Settings settings, CancellationToken cancellationToken)
    {
        SimilarPhotos found = Find(settings, cancellationToken);
        IReadOnlyDictionary<int, Thumbnail> thumbnails = Draw(found, cancellationToken);

        // A page is there as a whole or not at all.
        string partial = settings.Output + ".partial";
        File.WriteAllText(partial, SimilarityPage.Create(found, thumbnails));
        File.Move(partial, settings.Output, overwrite: true);
        Summarize(found);
        return found.Features.Unread.Count == 0 ? SimilarityCommand.Done : SimilarityCommand.Failed;
    }

    private static SimilarPhotos Find(Settings settings, CancellationToken cancellationToken)
    {
        IReadOnlyList<Photo> inFolder = PhotoFiles.Find(settings.Folder);
        Photo[] asked = [.. settings.Queries.Select(path => PhotoFiles.Describe(path, settings.Folder)).Distinct()];
        FeaturizedPhotos features = ProgressBar.Show<FeaturizedPhotos.Progress, FeaturizedPhotos>(
            progress => FeaturizedPhotos.Compute(settings.Model, [.. inFolder.Union(asked)], progress, cancellationToken),
            value => (double)value.Done / value.Photos,
            value => value.Done % PhotosPerLine == 0 || value.Done == value.Photos);

        int candidates = features.Photos.Intersect(inFolder).Count();
        float[][] candidateRows = [.. features.Rows.Take(candidates)];
        int[] firstCopies = FileCopies.Find([.. features.Photos.Take(candidates)], cancellationToken);
        int[] queries = [.. Enumerable.Range(0, features.Photos.Count)
            .Where(row => asked.Length == 0 || asked.Contains(features.Photos[row]))
            .Take(SimilarPhotos.MostQueries)];
        return new SimilarPhotos
        {
            Settings = settings,
            Features = features,
            InFolder = candidates,
            Groups =
            [
                .. NearDuplicates.Find(candidateRows, settings.Duplicates, firstCopies, cancellationToken)
                    .Select(rows => DuplicateGroup.Create(rows, features, firstCopies))
                    .OrderByDescending(group => group.Photos.Count),
            ],
            Queries = queries,
            Nearest = NearestPhotos.Find(features.Rows, candidates, queries, settings.Most, cancellationToken),
        };
    }

    private static Dictionary<int, Thumbnail> Draw(SimilarPhotos found, CancellationToken cancellationToken)
    {
        int[] rows = [.. found.ShownRows];
        var thumbnails = new Thumbnail?[rows.Length];
        Console.WriteLine($"Drawing {Text.Count(rows.Length, "thumbnail", "thumbnails")}");
        Parallel.For(0, rows.Length, new ParallelOptions { CancellationToken = cancellationToken },
            i => thumbnails[i] = Thumbnail.Create(found.Features.Photos[rows[i]].Path));
        return rows.Zip(thumbnails).Where(pair => pair.Second is not null).ToDictionary(pair => pair.First, pair => pair.Second!);
    }

    private static void Summarize(SimilarPhotos found)
    {
        IReadOnlyList<UnreadPhoto> unread = found.Features.Unread;
        foreach (UnreadPhoto photo in unread.Take(MostReasons))
        {
            Console.Error.WriteLine($"{Excerpt.Of(photo.Photo.Name, 300)}: {Excerpt.Of(photo.Reason, 300)}");
        }

        if (unread.Count > MostReasons)
        {
            Console.Error.WriteLine($"and {Text.Count(unread.Count - MostReasons)} more that could not be read");
        }

        string photos = Text.Count(found.InFolder, "photo", "photos");
        string groups = Text.Count(found.Groups.Count, "group", "groups");
        Console.WriteLine($"{photos}, {groups} of near duplicates, {Text.Count(unread.Count, "file", "files")} that could not be read");
        Console.WriteLine($"Page: {found.Settings.Output}");
    }
}
