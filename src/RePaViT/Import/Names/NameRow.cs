using System.Globalization;

namespace RePaViT.Import.Names;

/// <summary>
/// What a module, or a tensor, of this library's network is called elsewhere. Both names may contain <c>{block}</c> and
/// <c>{stage}</c>, which stand for a number, and the other one sums of it: <c>{stage+1}</c>, <c>{2stage+1}</c>, <c>{2stage+2}</c>.
/// What follows in a tensor's name, such as <c>.weight</c>, is the same in both.
/// </summary>
/// <param name="Ours">This library's name, the RePaViT reference's; empty for any.</param>
/// <param name="Theirs">The other's name; several that are stacked, the first on top, for one that is in parts.</param>
internal sealed record NameRow(string Ours, params string[] Theirs)
{
    private static readonly string[] Numbers = ["block", "stage"];

    /// <summary>Whether the other stores the matrix on its side.</summary>
    public bool IsTransposed { get; init; }

    /// <summary>The other's names of one of our tensors; null if this row is not about it.</summary>
    public string[]? Translate(string tensor)
    {
        var numbers = new Dictionary<string, int>();
        if (Rest(tensor, numbers) is not string rest)
        {
            return null;
        }

        string[] names = new string[Theirs.Length];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = Insert(Theirs[i], numbers) + rest;
        }

        return names;
    }

    /// <summary>What follows our name in a tensor's, with the dot; null if that does not begin with it.</summary>
    private string? Rest(string tensor, Dictionary<string, int> numbers)
    {
        if (Ours.Length == 0)
        {
            return tensor;
        }

        string[] pattern = Ours.Split('.');
        string[] parts = tensor.Split('.');
        if (parts.Length < pattern.Length)
        {
            return null;
        }

        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i].StartsWith('{')
                ? !int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out int number) || !numbers.TryAdd(pattern[i][1..^1], number)
                : pattern[i] != parts[i])
            {
                return null;
            }
        }

        return string.Concat(parts.Skip(pattern.Length).Select(part => $".{part}"));
    }

    private static string Insert(string name, Dictionary<string, int> numbers)
    {
        foreach (string key in Numbers)
        {
            if (numbers.TryGetValue(key, out int number))
            {
                name = name
                    .Replace($"{{{key}}}", $"{number}", StringComparison.Ordinal)
                    .Replace($"{{{key}+1}}", $"{number + 1}", StringComparison.Ordinal)
                    .Replace($"{{2{key}+1}}", $"{2 * number + 1}", StringComparison.Ordinal)
                    .Replace($"{{2{key}+2}}", $"{2 * number + 2}", StringComparison.Ordinal);
            }
        }

        return name;
    }
}
