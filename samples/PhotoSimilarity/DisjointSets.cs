namespace RePaViT.PhotoSimilarity;

/// <summary>Numbers in sets that are joined, in memory of one number each, however many pairs join them.</summary>
internal sealed class DisjointSets
{
    private readonly int[] _parents;

    /// <param name="count">Numbers from 0 on, each in a set of its own.</param>
    public DisjointSets(int count) => _parents = [.. Enumerable.Range(0, count)];

    /// <summary>Makes one set of two.</summary>
    public void Join(int first, int second)
    {
        (int one, int other) = (FirstOf(first), FirstOf(second));
        _parents[Math.Max(one, other)] = Math.Min(one, other);
    }

    /// <summary>The least number of a set, whatever the order in which it came about.</summary>
    public int FirstOf(int member)
    {
        while (_parents[member] != member)
        {
            // Halves the way for whoever comes next.
            member = _parents[member] = _parents[_parents[member]];
        }

        return member;
    }
}
