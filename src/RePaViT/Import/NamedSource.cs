using RePaViT.Import.Files;
using RePaViT.Import.Names;
using RePaViT.IO;
using RePaViT.Networks;

namespace RePaViT.Import;

/// <summary>Tensors of a file, found by this library's names. It remembers which were requested.</summary>
internal sealed class NamedSource
{
    // What wrappers for several devices and compilation put before every name.
    private static readonly string[] Wrappers = ["module.", "_orig_mod."];

    private readonly Dictionary<string, StoredTensor> _tensors;
    private readonly Dictionary<string, string> _unreadable;
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);
    private readonly HashSet<string> _usedParts = new(StringComparer.Ordinal);

    private NamedSource(NameTable table, Dictionary<string, StoredTensor> tensors, Dictionary<string, string> unreadable)
    {
        Table = table;
        _tensors = tensors;
        _unreadable = unreadable;
    }

    public NameTable Table { get; }

    /// <summary>Finds out how the tensors are named.</summary>
    /// <exception cref="InvalidDataException">In no way that is known.</exception>
    public static NamedSource Recognize(CheckpointSection section, string path) => Recognize(section, path, NameTables.All);

    /// <summary>Finds out in which of some ways the tensors are named.</summary>
    /// <exception cref="InvalidDataException">In none of these.</exception>
    public static NamedSource Recognize(CheckpointSection section, string path, IReadOnlyList<NameTable> tables)
    {
        string wrapper = WrapperOf(section);
        Dictionary<string, StoredTensor> tensors = section.Tensors
            .Select(tensor => tensor with { Name = tensor.Name[wrapper.Length..] })
            .ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (NameTable table in tables)
        {
            if (table.Has.All(name => HasTheirs(tensors, table, name)) && !table.Lacks.Any(name => HasTheirs(tensors, table, name)))
            {
                Dictionary<string, string> unreadable = section.Unreadable
                    .Where(pair => pair.Key.StartsWith(wrapper, StringComparison.Ordinal))
                    .ToDictionary(pair => pair.Key[wrapper.Length..], pair => pair.Value, StringComparer.Ordinal);
                return new NamedSource(table, tensors, unreadable);
            }
        }

        throw new InvalidDataException(
            $"{path}: the names of its tensors ({Excerpt.OfList(tensors.Keys.Take(5))}, ...) are not known. "
            + $"Names of these sources are accepted: {string.Join("; ", tables.Select(table => table.Source))}.");
    }

    /// <summary>Whether there is a tensor of ours.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>Whether there is a tensor under a name of theirs.</summary>
    public bool HasTheirs(string name) => HasTheirs(_tensors, Table, name);

    /// <summary>The shape of a tensor of ours; null if there is none.</summary>
    public int[]? ShapeOf(string name)
    {
        if (Find(name) is not [StoredTensor first, ..] parts)
        {
            return null;
        }

        int[] shape = [.. first.Shape];
        foreach (StoredTensor part in parts.Skip(1))
        {
            if (shape.Length == 0 || part.Shape.Length == 0 || !part.Shape.AsSpan(1).SequenceEqual(shape.AsSpan(1)))
            {
                return null;
            }

            shape[0] = (int)Math.Min(int.MaxValue, (long)shape[0] + part.Shape[0]);
        }

        return shape;
    }

    /// <summary>The parts of a tensor of ours, which count as used from now on; null if it does not exist.</summary>
    public StoredTensor[]? Take(string name) => Use(Find(name));

    /// <summary>The factors of the outputs of a module of ours, used from now on; null if it has none.</summary>
    public StoredTensor? TakeScale(string module)
        => Use(Find(Table.Scales, module)) is [StoredTensor scale] ? scale : null;

    /// <summary>What the file has under the name of a tensor of ours in place of a tensor; null if nothing.</summary>
    public string? UnreadableType(string name)
        => TheirNames(name).SelectMany(Candidates)
            .Select(candidate => _unreadable.GetValueOrDefault(candidate)).FirstOrDefault(type => type is not null);

    /// <summary>Every name of theirs that a tensor of ours may have.</summary>
    public IEnumerable<string> TheirNames(string name) => Table.TranslationsOf(name);

    /// <summary>The tensors that were not used, under the file's names without prefixes of wrappers.</summary>
    public IEnumerable<string> Unused => _tensors.Keys.Where(name => !_used.Contains(name));

    /// <summary>Whether an unused tensor belongs to used ones, so that the network would be different without it.</summary>
    public bool IsNeeded(string name)
    {
        string rest = name.StartsWith(Table.OptionalPrefix, StringComparison.Ordinal) ? name[Table.OptionalPrefix.Length..] : name;
        if (Table.Optional.Any(start => rest.StartsWith(start, StringComparison.Ordinal)) || Network.IsRedundant(rest))
        {
            return false;
        }

        return !rest.Contains('.', StringComparison.Ordinal) || _usedParts.Contains(FirstPart(name));
    }

    private static string FirstPart(string name) => name.Split('.', 2)[0];

    private StoredTensor[]? Use(StoredTensor[]? parts)
    {
        foreach (StoredTensor part in parts ?? [])
        {
            _used.Add(part.Name);
            _usedParts.Add(FirstPart(part.Name));
        }

        return parts;
    }

    private StoredTensor[]? Find(string name) => Find(Table.Rows, name);

    private StoredTensor[]? Find(IReadOnlyList<NameRow> rows, string name)
    {
        foreach (NameRow row in rows)
        {
            if (row.Translate(name) is not string[] theirs)
            {
                continue;
            }

            StoredTensor[] parts = [.. theirs.Select(FindTheirs).OfType<StoredTensor>()];
            if (parts.Length == theirs.Length)
            {
                return row.IsTransposed ? Array.ConvertAll(parts, part => part.Transpose()) : parts;
            }
        }

        return null;
    }

    private StoredTensor? FindTheirs(string name)
        => Candidates(name).Select(candidate => _tensors.GetValueOrDefault(candidate)).FirstOrDefault(tensor => tensor is not null);

    private string[] Candidates(string name) => Candidates(Table, name);

    private static string[] Candidates(NameTable table, string name)
        => table.OptionalPrefix.Length == 0 ? [name] : [table.OptionalPrefix + name, name];

    private static bool HasTheirs(Dictionary<string, StoredTensor> tensors, NameTable table, string name)
        => Candidates(table, name).Any(tensors.ContainsKey);

    /// <summary>What every name has before it that says nothing.</summary>
    private static string WrapperOf(CheckpointSection section)
    {
        string wrapper = "";
        while (section.Tensors.Count > 0 && Wrappers.FirstOrDefault(IsCommon) is string common)
        {
            wrapper += common;
        }

        bool IsCommon(string next) => section.Tensors.All(
            tensor => tensor.Name.AsSpan(wrapper.Length).StartsWith(next) && tensor.Name.Length > wrapper.Length + next.Length);

        return wrapper;
    }
}
