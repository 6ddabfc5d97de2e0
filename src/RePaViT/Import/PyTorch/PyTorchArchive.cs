using RePaViT.IO;

namespace RePaViT.Import.PyTorch;

/// <summary>
/// What <c>torch.save</c> writes since PyTorch 1.6: a zip archive of <c>NAME/data.pkl</c>, <c>NAME/byteorder</c> and a file
/// <c>NAME/data/KEY</c> for each storage.
/// </summary>
internal sealed class PyTorchArchive : PyTorchFile
{
    private const string PickleName = "data.pkl";
    private const int MaxByteOrderLength = 16;

    private readonly ZipDirectory _directory;
    private readonly Dictionary<string, long> _places = new(StringComparer.Ordinal);

    public PyTorchArchive(Stream stream, string path)
        : base(stream, path)
    {
        _directory = new ZipDirectory(stream, path);
        string root = FindRoot();
        ThrowUnlessLittleEndian(root);
        (long start, long length) = _directory.Find(root + PickleName)!.Value;
        stream.Position = start;
        var storages = new Dictionary<string, PickleStorage>(StringComparer.Ordinal);
        object? content = PickleReader.Read(new PickleInput(stream, start + length, path), new PickleCalls(storages));
        foreach (PickleStorage storage in storages.Values)
        {
            _places.Add(storage.Key, PlaceOf(storage, $"{root}data/{storage.Key}"));
        }

        SetContent(content);
    }

    protected override long PlaceOf(string storage) => _places[storage];

    private string FindRoot()
    {
        string[] pickles = [.. _directory.Names.Where(name => name == PickleName || name.EndsWith("/" + PickleName, StringComparison.Ordinal)).Take(2)];
        return pickles is [string only]
            ? only[..^PickleName.Length]
            : throw new InvalidDataException($"{Path}: a zip archive that PyTorch wrote has one '{PickleName}', but this has {(pickles.Length == 0 ? "none" : "several")}.");
    }

    private void ThrowUnlessLittleEndian(string root)
    {
        if (_directory.Find(root + "byteorder") is not (long start, long length))
        {
            // Before PyTorch 2.1.
            return;
        }

        byte[] order = new byte[Math.Min(length, MaxByteOrderLength)];
        Stream.Position = start;
        Stream.ReadExactly(order);
        if (!order.AsSpan().SequenceEqual("little"u8))
        {
            throw new InvalidDataException(
                $"{Path}: its byte order is '{Excerpt.Of(System.Text.Encoding.Latin1.GetString(order))}', but 'little' is needed.");
        }
    }

    private long PlaceOf(PickleStorage storage, string entry)
    {
        if (_directory.Find(entry) is not (long start, long length))
        {
            throw new InvalidDataException($"{Path}: storage '{Excerpt.Of(storage.Key)}' is not in the archive.");
        }

        return storage.Length <= length / storage.Type.Size
            ? start
            : throw new InvalidDataException(
                $"{Path}: storage '{Excerpt.Of(storage.Key)}' has {length} bytes, too few for {storage.Length} elements of {storage.Type.Size}.");
    }
}
