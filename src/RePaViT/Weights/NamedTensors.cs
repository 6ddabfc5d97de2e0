using System.Collections;
using System.Diagnostics.CodeAnalysis;
using RePaViT.Architectures;
using RePaViT.IO;

namespace RePaViT;

/// <summary>
/// Tensors by name, in the order in which they were added. Names are the reference implementation's, so weights move
/// between projects.
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
    /// <param name="name">A name that is not there yet.</param>
    /// <param name="tensor">The tensor.</param>
    /// <exception cref="ArgumentException">The name is empty or taken.</exception>
    public void Add(string name, WeightTensor tensor)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(tensor);
        if (!_tensors.TryAdd(name, tensor))
        {
            throw new ArgumentException($"There is a tensor '{Excerpt.Of(name)}' already.", nameof(name));
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

    /// <summary>Checks that these are the tensors of these layers: none missing, none unknown, every shape right.</summary>
    /// <exception cref="ArgumentException">They are not; the message names the first tensor that is wrong.</exception>
    internal void ThrowUnlessFits(IEnumerable<Layer> layers)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach (TensorSpec spec in layers.SelectMany(layer => layer.Tensors))
        {
            expected.Add(spec.Name);
            if (!TryGet(spec.Name, out WeightTensor? tensor))
            {
                throw new ArgumentException($"Tensor '{spec.Name}' is missing; shape [{string.Join(", ", spec.Shape)}] is needed.");
            }

            if (!tensor.Shape.SequenceEqual(spec.Shape))
            {
                throw new ArgumentException($"Tensor '{spec.Name}' has shape {tensor}, but the architecture needs [{string.Join(", ", spec.Shape)}].");
            }
        }

        foreach ((string name, _) in this)
        {
            // PyTorch counts the batches that a batch normalization has seen; nothing depends on it.
            if (!expected.Contains(name) && !name.EndsWith(".num_batches_tracked", StringComparison.Ordinal))
            {
                throw new ArgumentException($"Tensor '{Excerpt.Of(name)}' belongs to no layer of the architecture.");
            }
        }
    }
}
