using RePaViT.Import.Files;
using RePaViT.IO;

namespace RePaViT.Import.PyTorch;

/// <summary>
/// What the few constructors that PyTorch describes tensors and containers with make. Any other stays a name: nothing is
/// looked up, loaded or called.
/// </summary>
/// <param name="storages">The storages that tensors were made of, to check them against the file.</param>
internal sealed class PickleCalls(Dictionary<string, PickleStorage> storages)
{
    private const string TensorModule = "torch._utils";
    private const int MaxDimensions = 8;

    private long _pairs;

    /// <summary>What a call gives.</summary>
    /// <param name="callee">What is called.</param>
    /// <param name="arguments">With what.</param>
    /// <param name="input">Where, for messages.</param>
    public object? Call(object? callee, object?[] arguments, PickleInput input) => callee switch
    {
        PickleGlobal { Module: TensorModule } global => CallTensorModule(global, arguments, input),
        PickleGlobal { Module: "torch._tensor", Name: "_rebuild_from_type_v2" } when arguments is [var inner, _, object?[] rest, ..]
            && inner is PickleGlobal { Module: TensorModule } => Call(inner, rest, input),
        PickleGlobal { Module: "collections", Name: "OrderedDict" } => CreateDictionary(arguments, input),
        PickleGlobal { Module: "collections", Name: "defaultdict" } => new PickleDictionary(),
        PickleGlobal { Module: "torch", Name: "Size" } when arguments is [object?[] sizes] => sizes,

        // How objects without a constructor of their own are copied: object.__new__ of a type.
        PickleGlobal { Module: "copyreg" or "copy_reg", Name: "_reconstructor" } when arguments is [PickleGlobal type, ..] =>
            new InertValue(type),
        PickleGlobal global => new InertValue(global),
        _ => throw input.Refusal($"{PickleReader.Describe(callee)} is called"),
    };

    /// <summary>What stands for bytes outside the pickle: ('storage', type, key, location, elements[, view]).</summary>
    /// <param name="id">What the pickle says about it.</param>
    /// <param name="input">Where, for messages.</param>
    public object Load(object? id, PickleInput input)
    {
        if (id is not object?[] { Length: >= 5 } parts || parts[0] is not "storage")
        {
            // Older files name the source code of modules that way.
            return new InertValue("object outside the pickle");
        }

        if (parts is not [_, PickleGlobal type, string { Length: <= PickleDictionary.MaxKeyLength } key, _, long length, ..])
        {
            throw input.Refusal("a storage is not described by type, key, place and length");
        }

        ElementType? elements = ElementType.OfPyTorch.FirstOrDefault(element => element.Name == type.Name);
        if (elements is null || type.Module is not ("torch" or "torch.cuda" or "torch.storage"))
        {
            throw input.Refusal($"'{Excerpt.Of(type.ToString())}' is not a known storage");
        }

        if (length < 0)
        {
            throw input.Refusal($"storage '{Excerpt.Of(key)}' is said to have {length} elements");
        }

        var storage = new PickleStorage(elements, key, 0, length);
        if (!storages.TryAdd(key, storage) && storages[key] != storage)
        {
            throw input.Refusal($"storage '{Excerpt.Of(key)}' occurs twice, with different types or lengths");
        }

        return parts is [_, _, _, _, _, object?[] view, ..] ? View(storage, view, input) : storage;
    }

    private static object? CallTensorModule(PickleGlobal global, object?[] arguments, PickleInput input)
    {
        switch (global.Name)
        {
            case "_rebuild_tensor_v2" when arguments is [_, _, _, _, _, _, PickleDictionary { Items.Count: > 0 }, ..]:
                // Values that are negated or conjugated only when they are read.
                return new InertValue("lazily negated tensor");
            case "_rebuild_tensor" or "_rebuild_tensor_v2":
                return CreateTensor(arguments, input);
            case "_rebuild_parameter" or "_rebuild_parameter_with_state" when arguments is [PickleTensor or InertValue, ..]:
                return arguments[0];
            case "_rebuild_parameter" or "_rebuild_parameter_with_state":
                throw input.Refusal("a parameter is made of something that is not a tensor");
            default:
                // Quantized, sparse and nested tensors.
                return new InertValue(global);
        }
    }

    private static PickleTensor CreateTensor(object?[] arguments, PickleInput input)
    {
        if (arguments is not [PickleStorage storage, long offset, object?[] sizes, object?[] strides, ..])
        {
            throw input.Refusal("a tensor is not described by storage, offset, sizes and strides");
        }

        if (sizes.Length > MaxDimensions || strides.Length != sizes.Length)
        {
            throw input.Refusal($"a tensor has {sizes.Length} sizes and {strides.Length} strides");
        }

        int[] shape = new int[sizes.Length];
        long[] steps = new long[sizes.Length];
        long length = 1;
        Int128 last = offset;
        for (int i = 0; i < shape.Length; i++)
        {
            if (sizes[i] is not long size || strides[i] is not long stride || size is < 0 or > int.MaxValue || stride < 0)
            {
                throw input.Refusal("a size or stride of a tensor is out of range");
            }

            // Products stay below 2^31 * 2^31, which cannot overflow.
            length = length <= Array.MaxLength ? length * size : throw TooLarge(input);
            last += (Int128)Math.Max(0, size - 1) * stride;
            shape[i] = (int)size;
            steps[i] = stride;
        }

        if (length > Array.MaxLength)
        {
            throw TooLarge(input);
        }

        if (offset < 0 || (length > 0 && last >= storage.Length))
        {
            throw input.Refusal(
                $"a tensor of shape [{Excerpt.OfList(shape)}] reaches outside storage '{Excerpt.Of(storage.Key)}' of {storage.Length} elements");
        }

        return new PickleTensor(storage, offset, shape, steps);
    }

    private static InvalidDataException TooLarge(PickleInput input) => input.Refusal($"a tensor has more than {Array.MaxLength} values");

    /// <summary>Before PyTorch 0.4, a part of a storage: (key, offset, elements).</summary>
    private static PickleStorage View(PickleStorage storage, object?[] view, PickleInput input)
        => view is [_, long offset, long length] && offset >= 0 && length >= 0 && length <= storage.Length - offset
            ? storage with { Offset = offset, Length = length }
            : throw input.Refusal($"a view reaches outside storage '{Excerpt.Of(storage.Key)}' of {storage.Length} elements");

    private PickleDictionary CreateDictionary(object?[] arguments, PickleInput input)
    {
        var dictionary = new PickleDictionary();
        if (arguments is [PickleList pairs])
        {
            // A pair takes several bytes. A list that is used again and again would take none.
            _pairs += pairs.Items.Count;
            if (_pairs > input.Position)
            {
                throw input.Refusal("dictionaries are made of the same list too often");
            }

            foreach (object? pair in pairs.Items)
            {
                switch (pair)
                {
                    case object?[] and [var key, var value]:
                        dictionary.Set(key, value);
                        break;
                    case PickleList { Items: [var key, var value] }:
                        dictionary.Set(key, value);
                        break;
                }
            }
        }

        return dictionary;
    }
}
