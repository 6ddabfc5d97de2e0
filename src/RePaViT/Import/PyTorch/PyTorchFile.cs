using RePaViT.Import.Files;
using RePaViT.IO;

namespace RePaViT.Import.PyTorch;

/// <summary>What <c>torch.save</c> or <c>torch.jit.save</c> wrote: a pickle that describes tensors, and the storages that they are made of.</summary>
/// <param name="stream">The file.</param>
/// <param name="path">Its path.</param>
internal abstract class PyTorchFile(Stream stream, string path) : CheckpointFile
{
    private const string ArgumentsName = "args";

    private IReadOnlyList<CheckpointSection> _sections = [];
    private IReadOnlyDictionary<string, object?> _settings = new Dictionary<string, object?>();
    private bool _isTorchScript;

    public override IReadOnlyList<CheckpointSection> Sections => _sections;

    public override IReadOnlyDictionary<string, object?> Settings => _settings;

    public override bool IsTorchScript => _isTorchScript;

    public override long Length => Stream.Length;

    protected Stream Stream { get; } = stream;

    protected string Path { get; } = path;

    /// <summary>Where the bytes of a storage begin in the file.</summary>
    protected abstract long PlaceOf(string storage);

    /// <summary>Takes up what the pickle says.</summary>
    /// <exception cref="InvalidDataException">It is not a dictionary.</exception>
    protected void SetContent(object? root)
    {
        _isTorchScript = ScriptModule.Is(root);
        if ((_isTorchScript ? ScriptModule.Flatten((InertValue)root!, Path) : root) is not PickleDictionary dictionary)
        {
            throw new InvalidDataException(
                $"{Path}: the file holds {PickleReader.Describe(root)}, but a dictionary of tensors is needed: what 'state_dict()' gives, "
                + "not the object itself.");
        }

        var sections = new List<CheckpointSection> { CreateSection(dictionary) };
        var known = new Dictionary<PickleDictionary, CheckpointSection>();
        foreach ((string name, object? value) in dictionary.Items)
        {
            if (value is not PickleDictionary nested)
            {
                continue;
            }

            // One dictionary may stand under any number of names.
            if (!known.TryGetValue(nested, out CheckpointSection? section))
            {
                known.Add(nested, section = CreateSection(nested));
            }

            if (section.Tensors.Count + section.Unreadable.Count > 0)
            {
                sections.Add(section with { Name = name });
            }
        }

        _sections = sections;
        _settings = dictionary.Items.GetValueOrDefault(ArgumentsName) switch
        {
            InertValue { State: PickleDictionary state } => state.Items,
            PickleDictionary arguments => arguments.Items,
            _ => _settings,
        };
    }

    private CheckpointSection CreateSection(PickleDictionary dictionary)
    {
        var tensors = new List<StoredTensor>();
        var unreadable = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, object? value) in dictionary.Items)
        {
            switch (value)
            {
                case PickleTensor tensor when key.Length > 0:
                    tensors.Add(new StoredTensor(
                        key, tensor.Shape, tensor.Storage.Type, Math.Max(tensor.Length, tensor.Covered) * tensor.Storage.Type.Size, () => Read(tensor)));
                    break;
                case InertValue inert:
                    unreadable.Add(key, inert.Type);
                    break;
            }
        }

        return new CheckpointSection("", tensors) { Unreadable = unreadable };
    }

    private float[] Read(PickleTensor tensor)
    {
        if (tensor.Length == 0)
        {
            return [];
        }

        float[] elements = ReadElements(tensor, tensor.Covered);
        return tensor.IsContiguous ? elements : Gather(tensor, elements);
    }

    /// <summary>All elements from the first of a tensor to its last, as they lie in the storage.</summary>
    private float[] ReadElements(PickleTensor tensor, long count)
    {
        PickleStorage storage = tensor.Storage;
        if (storage.Type.Numbers is null)
        {
            throw new InvalidDataException($"{Path}: a tensor of {Excerpt.Of(storage.Type.Name)} is not accepted as weights.");
        }

        if (count > Array.MaxLength)
        {
            throw new InvalidDataException($"{Path}: a tensor is spread over {count} elements; at most {Array.MaxLength} are accepted.");
        }

        float[] elements = new float[count];
        Stream.Position = PlaceOf(storage.Key) + (storage.Offset + tensor.Offset) * storage.Type.Size;
        try
        {
            storage.Type.Numbers.Read(Stream, elements);
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException($"{Path}: the file became shorter while it was read.", exception);
        }

        return elements;
    }

    private static float[] Gather(PickleTensor tensor, float[] elements)
    {
        float[] values = new float[tensor.Length];
        int[] index = new int[tensor.Shape.Length];
        long place = 0;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = elements[place];
            for (int dimension = index.Length - 1; dimension >= 0; dimension--)
            {
                place += tensor.Strides[dimension];
                if (++index[dimension] < tensor.Shape[dimension])
                {
                    break;
                }

                place -= index[dimension] * tensor.Strides[dimension];
                index[dimension] = 0;
            }
        }

        return values;
    }
}
