using System.Numerics.Tensors;

namespace RePaViT.PhotoSimilarity;

/// <summary>Photos that are nearly the same.</summary>
/// <param name="Photos">The one to keep first: the largest file. The others by their size too.</param>
/// <param name="SpareBytes">What the others take.</param>
internal sealed record DuplicateGroup(IReadOnlyList<Duplicate> Photos, long SpareBytes)
{
    /// <summary>Orders a group of <see cref="NearDuplicates"/>.</summary>
    /// <param name="rows">Its rows, in order.</param>
    /// <param name="features">Of all photos.</param>
    /// <param name="firstCopies">Of all photos, as <see cref="FileCopies"/> finds them.</param>
    public static DuplicateGroup Create(IReadOnlyList<int> rows, FeaturizedPhotos features, IReadOnlyList<int> firstCopies)
    {
        // Of equally long files the shorter name: copies are called "photo (2)" or "copy of photo".
        int[] ordered = [.. rows.OrderByDescending(row => features.Photos[row].Bytes).ThenBy(row => features.Photos[row].Name.Length)];
        float[] kept = features.Rows[ordered[0]];
        var seen = new Dictionary<int, int>();
        return new DuplicateGroup(
            [
                .. ordered.Select(row => new Duplicate(
                    row, TensorPrimitives.Dot<float>(kept, features.Rows[row]), seen.TryAdd(firstCopies[row], row) ? null : seen[firstCopies[row]])),
            ],
            ordered.Skip(1).Sum(row => features.Photos[row].Bytes));
    }
}
