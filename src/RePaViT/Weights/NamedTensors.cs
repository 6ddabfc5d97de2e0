using System.Collections;
using System.Diagnostics.CodeAnalysis;
using RePaViT.IO;

namespace RePaViT;

/// <summary>
/// Tensors by name, in the order in which they were added. Names are the reference implementation's, so that weights
/// can be exchanged between projects.
/// </summary>
public sealed class NamedTensors : IReadOnlyCollection<KeyValuePair<string, WeightTensor>>
{
    private readonly OrderedDictionary<string, WeightTensor> _tensors = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public int Count => _tensors.Count;

    /// <summary>The tensor of that name.</summary>
    /// <param name="name">The name, case-sensitive.</param>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public WeightTensor this[string name] => _tensors.TryGetValue(name, out WeightTensor? tensor)
        ? tensor
        : throw new KeyNotFoundException($"There is no tensor '{Excerpt.Of(name)}'.");

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">A name that is not used yet.</param>
    /// <param name="tensor">The tensor.</param>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public void Add(string name, WeightTensor tensor)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(tensor);
        if (!_tensors.TryAdd(name, tensor))
        {
            throw new ArgumentException($"There is already a tensor '{Excerpt.Of(name)}'.", nameof(name));
        }
    }

    /// <summary>Looks a tensor up.</summary>
    /// <param name="name">The name, case-sensitive.</param>
    /// <param name="tensor">The tensor, or null.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGet(string name, [NotNullWhen(true)] out WeightTensor? tensor) => _tensors.TryGetValue(name, out tensor);

    /// <summary>The tensors whose name starts with a prefix, under the rest of their names.</summary>
    /// <param name="prefix">For instance <c>state.</c>.</param>
    public NamedTensors WithoutPrefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var rest = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in this)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length)
            {
                rest.Add(name[prefix.Length..], tensor);
            }
        }

        return rest;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, WeightTensor>> GetEnumerator() => _tensors.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
