using System.Security.Cryptography;

namespace RePaViT.PhotoSimilarity;

/// <summary>Finds files with the same bytes.</summary>
internal static class FileCopies
{
    /// <summary>Only files of one length are read for this.</summary>
    /// <param name="photos">Files.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>For each the first that has its bytes, mostly itself.</returns>
    public static int[] Find(IReadOnlyList<Photo> photos, CancellationToken cancellationToken = default)
    {
        int[] firstCopies = [.. Enumerable.Range(0, photos.Count)];
        foreach (IGrouping<long, int> candidates in firstCopies.GroupBy(i => photos[i].Bytes).Where(group => group.Skip(1).Any()).ToArray())
        {
            var firsts = new Dictionary<string, int>();
            foreach (int i in candidates)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Hash(photos[i].Path) is string hash && !firsts.TryAdd(hash, i))
                {
                    firstCopies[i] = firsts[hash];
                }
            }
        }

        return firstCopies;
    }

    /// <summary>Null for a file that can no longer be read: it is nobody's copy.</summary>
    private static string? Hash(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return Convert.ToHexString(SHA256.HashData(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
