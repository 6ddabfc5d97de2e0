using RePaViT.IO;

namespace RePaViT.Import.PyTorch;

/// <summary>
/// What <c>torch.save</c> wrote before PyTorch 1.6: pickles of a number, a version, facts about the machine, the content and
/// the keys of its storages, and then each storage as a count and its elements.
/// </summary>
internal sealed class LegacyPyTorchFile : PyTorchFile
{
    // 0x1950a86a20f9469cfc6c as a pickle of protocol 2: a ten-byte integer.
    private static readonly byte[] Magic = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];

    private const long KnownVersion = 1001;

    private readonly Dictionary<string, long> _places = new(StringComparer.Ordinal);

    public LegacyPyTorchFile(Stream stream, string path)
        : base(stream, path)
    {
        byte[] magic = new byte[Math.Min(Magic.Length, stream.Length)];
        stream.ReadExactly(magic);
        if (!magic.AsSpan().SequenceEqual(Magic))
        {
            throw new InvalidDataException($"{path}: it is a pickle, but not one that PyTorch wrote: the number at its start is missing.");
        }

        var input = new PickleInput(stream, stream.Length, path);
        var storages = new Dictionary<string, PickleStorage>(StringComparer.Ordinal);
        ThrowUnlessReadable(ReadFact(input), ReadFact(input));
        object? content = PickleReader.Read(input, new PickleCalls(storages));
        FindStorages(input, ReadFact(input), storages);
        SetContent(content);
    }

    /// <summary>What every pickle of a protocol for bytes begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [(byte)PickleOpcode.Protocol];

    protected override long PlaceOf(string storage) => _places[storage];

    /// <summary>A pickle that names no storages.</summary>
    private static object? ReadFact(PickleInput input) => PickleReader.Read(input, new PickleCalls([]));

    private void ThrowUnlessReadable(object? version, object? machine)
    {
        if (version is not KnownVersion)
        {
            throw new InvalidDataException($"{Path}: a file of version {KnownVersion} is needed.");
        }

        if (machine is PickleDictionary facts && facts.Items.GetValueOrDefault("little_endian") is false)
        {
            throw new InvalidDataException($"{Path}: it was written big-endian, but little-endian is needed.");
        }
    }

    private void FindStorages(PickleInput input, object? keys, Dictionary<string, PickleStorage> storages)
    {
        if (keys is not PickleList list)
        {
            throw new InvalidDataException($"{Path}: there is no list of storages after the content.");
        }

        foreach (object? key in list.Items)
        {
            if (key is not string name || !storages.TryGetValue(name, out PickleStorage? storage))
            {
                throw new InvalidDataException($"{Path}: the list of storages names one that no tensor uses.");
            }

            long length = input.ReadInt64();
            long place = input.Position;
            if (length < storage.Length || length > (Stream.Length - place) / storage.Type.Size || !_places.TryAdd(name, place))
            {
                throw new InvalidDataException(
                    $"{Path}: storage '{Excerpt.Of(name)}' at offset {place} has {length} elements, but tensors need {storage.Length}, "
                    + $"and {Stream.Length - place} bytes follow.");
            }

            Stream.Position = place + length * storage.Type.Size;
        }

        if (storages.Keys.FirstOrDefault(key => !_places.ContainsKey(key)) is string missing)
        {
            throw new InvalidDataException($"{Path}: storage '{Excerpt.Of(missing)}' is not in the file.");
        }
    }
}
