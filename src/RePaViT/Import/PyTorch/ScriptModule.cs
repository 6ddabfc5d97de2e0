namespace RePaViT.Import.PyTorch;

/// <summary>
/// What <c>torch.jit.save</c> describes: an object of a class <c>__torch__.*</c>, whose attributes are tensors and further such
/// objects. Of the program, nothing is read.
/// </summary>
internal static class ScriptModule
{
    // Beyond any name of a tensor.
    private const int MaxNameLength = 128;

    /// <summary>Whether a value is such an object.</summary>
    public static bool Is(object? value) => value is InertValue { IsOfScript: true };

    /// <summary>All tensors by the attributes that lead to them, with dots between. An object that occurs twice is entered once.</summary>
    /// <param name="module">The outermost object.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="InvalidDataException">A name is longer than any.</exception>
    public static PickleDictionary Flatten(InertValue module, string path)
    {
        var tensors = new PickleDictionary();
        PickleDictionary attributes = module.State ?? new PickleDictionary();

        // By their attributes: many objects could be given the same ones.
        var entered = new HashSet<PickleDictionary>(ReferenceEqualityComparer.Instance) { attributes };
        var waiting = new Stack<(string Prefix, PickleDictionary Attributes)>([("", attributes)]);
        while (waiting.TryPop(out (string Prefix, PickleDictionary Attributes) next))
        {
            foreach ((string attribute, object? value) in next.Attributes.Items)
            {
                if (next.Prefix.Length + attribute.Length > MaxNameLength)
                {
                    throw new InvalidDataException($"{path}: the name of an attribute has more than {MaxNameLength} characters.");
                }

                string name = next.Prefix + attribute;
                if (!Is(value))
                {
                    tensors.Set(name, value);
                }
                else if (((InertValue)value!).State is PickleDictionary inner && entered.Add(inner))
                {
                    waiting.Push((name + ".", inner));
                }
            }
        }

        return tensors;
    }
}
