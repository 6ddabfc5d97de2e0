using RePaViT.Import.Files;

namespace RePaViT.Import.PyTorch;

/// <summary>A list of a pickle.</summary>
internal sealed class PickleList
{
    private List<object?>? _items;

    public IReadOnlyList<object?> Items => _items ?? [];

    public void Add(object? item) => (_items ??= []).Add(item);
}

/// <summary>A dictionary of a pickle. Only names can be looked up: hashing other keys could be made to last.</summary>
internal sealed class PickleDictionary
{
    /// <summary>Characters of a key, at most. Tensors have names of less than a hundred.</summary>
    public const int MaxKeyLength = 1024;

    private static readonly IReadOnlyDictionary<string, object?> Nothing = new Dictionary<string, object?>();

    private OrderedDictionary<string, object?>? _items;

    public IReadOnlyDictionary<string, object?> Items => _items ?? Nothing;

    /// <summary>Adds or replaces an item; one without a name for a key is dropped.</summary>
    public void Set(object? key, object? item)
    {
        if (key is string { Length: <= MaxKeyLength } name)
        {
            (_items ??= new(StringComparer.Ordinal))[name] = item;
        }
    }
}

/// <summary>A name that a pickle gives to code. The code is not looked for.</summary>
internal sealed class PickleGlobal(string module, string name)
{
    private string? _text;

    public string Module { get; } = module;

    public string Name { get; } = name;

    /// <summary>The same text every time: a pickle may make a million values of one name.</summary>
    public override string ToString() => _text ??= $"{Module}.{Name}";
}

/// <summary>What some code would make of a pickle. It is not made: only the name of its type and its attributes are kept.</summary>
/// <param name="type">What names its type.</param>
internal sealed class InertValue(object type)
{
    private const string ScriptNamespace = "__torch__";

    public string Type => type.ToString()!;

    /// <summary>Whether its type is a class of TorchScript, <c>__torch__.*</c>.</summary>
    public bool IsOfScript => type is PickleGlobal global && (global.Module == ScriptNamespace || global.Module.StartsWith(ScriptNamespace + ".", StringComparison.Ordinal));

    /// <summary>Its attributes, if the pickle gives it any as a dictionary.</summary>
    public PickleDictionary? State { get; set; }
}

/// <summary>A storage: elements that lie one after the other in the file.</summary>
/// <param name="Type">What they are.</param>
/// <param name="Key">The name of the storage.</param>
/// <param name="Offset">Where it begins in the storage of that name; above 0 for a view of one.</param>
/// <param name="Length">Number of elements.</param>
internal sealed record PickleStorage(ElementType Type, string Key, long Offset, long Length);

/// <summary>A tensor: some elements of a storage, in an order that strides give.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Offset">The place of the first element.</param>
/// <param name="Shape">The sizes, outermost dimension first.</param>
/// <param name="Strides">From one element to the next in each dimension.</param>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, int[] Shape, long[] Strides)
{
    /// <summary>Number of values.</summary>
    public long Length => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Elements from the first to the last, of which there may be more or fewer than values.</summary>
    public long Covered => Length == 0 ? 0 : 1 + Shape.Zip(Strides, (size, stride) => (size - 1) * stride).Sum();

    /// <summary>Whether the elements lie in row-major order without gaps.</summary>
    public bool IsContiguous
    {
        get
        {
            long expected = 1;
            for (int i = Shape.Length - 1; i >= 0; i--)
            {
                if (Shape[i] != 1 && Strides[i] != expected)
                {
                    return false;
                }

                expected *= Shape[i];
            }

            return true;
        }
    }
}
