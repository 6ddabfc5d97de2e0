using System.Buffers.Binary;
using System.Text;
using RePaViT.IO;

namespace RePaViT.Import.PyTorch;

/// <summary>
/// The entries of a zip archive as PyTorch writes it: stored, one after the other (PKWARE's APPNOTE, sections 4.3 and 4.5.3).
/// Nothing is decompressed, so an entry is never larger than the file.
/// </summary>
internal sealed class ZipDirectory
{
    private const uint EndSignature = 0x06054b50;
    private const uint LongEndSignature = 0x06064b50;
    private const uint LongLocatorSignature = 0x07064b50;
    private const uint EntrySignature = 0x02014b50;
    private const uint LocalSignature = 0x04034b50;
    private const int EndLength = 22;
    private const int LongEndLength = 56;
    private const int LongLocatorLength = 20;
    private const int EntryLength = 46;
    private const int LocalLength = 30;
    private const int MaxCommentLength = ushort.MaxValue;
    private const ushort LongFieldId = 1;
    private const ushort Stored = 0;

    // Some thousand storages and a few small files.
    private const int MaxEntries = 1 << 16;

    private readonly Stream _stream;
    private readonly string _source;
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public ZipDirectory(Stream stream, string source)
    {
        _stream = stream;
        _source = source;
        (long start, long length, long count) = FindDirectory();
        ReadEntries(start, length, count);
    }

    /// <summary>What every archive with entries begins with.</summary>
    public static ReadOnlySpan<byte> Signature => "PK\x03\x04"u8;

    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>Where the content of an entry lies; null if there is none of that name.</summary>
    /// <exception cref="InvalidDataException">It is compressed, encrypted, or not where the directory says.</exception>
    public (long Start, long Length)? Find(string name)
    {
        if (!_entries.TryGetValue(name, out Entry? entry))
        {
            return null;
        }

        if (entry.Method != Stored || entry.IsEncrypted)
        {
            throw Refusal($"entry '{Excerpt.Of(name)}' is compressed or encrypted, but PyTorch stores entries as they are");
        }

        ReadOnlySpan<byte> header = Read(entry.Header, LocalLength);
        long start = entry.Header + LocalLength + UInt16(header, 26) + UInt16(header, 28);
        return UInt32(header, 0) == LocalSignature && start <= entry.End && entry.Length <= entry.End - start
            ? (start, entry.Length)
            : throw Refusal($"entry '{Excerpt.Of(name)}' of {entry.Length} bytes is not where the directory says, or reaches into the next");
    }

    private (long Start, long Length, long Count) FindDirectory()
    {
        int tailLength = (int)Math.Min(_stream.Length, EndLength + MaxCommentLength);
        byte[] tail = Read(_stream.Length - tailLength, tailLength);
        int place = tailLength - EndLength;
        while (place >= 0 && UInt32(tail, place) != EndSignature)
        {
            place--;
        }

        if (place < 0)
        {
            throw Refusal("it has no directory; the file may have been cut off");
        }

        ReadOnlySpan<byte> end = tail.AsSpan(place);
        long endPlace = _stream.Length - tailLength + place;
        (long start, long length, long count) = (UInt32(end, 16), UInt32(end, 12), UInt16(end, 10));
        if (start == uint.MaxValue || length == uint.MaxValue || count == ushort.MaxValue)
        {
            (start, length, count, endPlace) = FindLongDirectory(endPlace);
        }

        return start >= 0 && length >= 0 && start <= endPlace && length <= endPlace - start && count is >= 0 and <= MaxEntries
            ? (start, length, count)
            : throw Refusal($"its directory of {count} entries and {length} bytes at offset {start} is not accepted");
    }

    private (long Start, long Length, long Count, long End) FindLongDirectory(long endPlace)
    {
        byte[] locator = Read(endPlace - LongLocatorLength, LongLocatorLength);
        long place = Int64(locator, 8);
        byte[] end = UInt32(locator, 0) == LongLocatorSignature ? Read(place, LongEndLength) : [];
        return end.Length > 0 && UInt32(end, 0) == LongEndSignature
            ? (Int64(end, 48), Int64(end, 40), Int64(end, 32), place)
            : throw Refusal("its directory for large files is not where it should be");
    }

    private void ReadEntries(long start, long length, long count)
    {
        byte[] directory = Read(start, length);
        ReadOnlySpan<byte> rest = directory;
        var headers = new List<Entry>();
        for (long i = 0; i < count; i++)
        {
            if (rest.Length < EntryLength || UInt32(rest, 0) != EntrySignature)
            {
                throw Refusal($"entry {i} of its directory is missing");
            }

            int nameLength = UInt16(rest, 28);
            int extraLength = UInt16(rest, 30);
            int total = EntryLength + nameLength + extraLength + UInt16(rest, 32);
            if (total > rest.Length)
            {
                throw Refusal($"entry {i} of its directory is cut off");
            }

            string name = Encoding.UTF8.GetString(rest.Slice(EntryLength, nameLength));
            Entry entry = CreateEntry(rest, rest.Slice(EntryLength + nameLength, extraLength), name);
            headers.Add(entry);
            if (!_entries.TryAdd(name, entry))
            {
                throw Refusal($"entry '{Excerpt.Of(name)}' occurs twice");
            }

            rest = rest[total..];
        }

        ThrowIfOverlapping(headers, start);
    }

    private Entry CreateEntry(ReadOnlySpan<byte> record, ReadOnlySpan<byte> extra, string name)
    {
        // Length, length while compressed, place. Those that do not fit stand in a field of their own, in this order.
        Span<long> values = [UInt32(record, 24), UInt32(record, 20), UInt32(record, 42)];
        ReadOnlySpan<byte> field = FindLongField(extra);
        foreach (ref long value in values)
        {
            if (value == uint.MaxValue)
            {
                value = field.Length >= sizeof(long) ? Int64(field, 0) : throw Refusal($"entry '{Excerpt.Of(name)}' has no length or place");
                field = field[sizeof(long)..];
            }
        }

        return new Entry(name, values[2], values[0], values[1], UInt16(record, 10), (UInt16(record, 8) & 1) != 0);
    }

    private static ReadOnlySpan<byte> FindLongField(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int length = UInt16(extra, 2);
            if (length > extra.Length - 4)
            {
                break;
            }

            if (UInt16(extra, 0) == LongFieldId)
            {
                return extra.Slice(4, length);
            }

            extra = extra[(4 + length)..];
        }

        return [];
    }

    /// <summary>Every entry ends where the next begins, at the latest: no byte of the file is used twice.</summary>
    private void ThrowIfOverlapping(List<Entry> entries, long directory)
    {
        entries.Sort((left, right) => left.Header.CompareTo(right.Header));
        for (int i = 0; i < entries.Count; i++)
        {
            Entry entry = entries[i];
            entry.End = i + 1 < entries.Count ? entries[i + 1].Header : directory;
            if (entry.Header < 0 || entry.Length < 0 || entry.Extent < 0
                || entry.Header > entry.End - LocalLength || entry.Extent > entry.End - LocalLength - entry.Header)
            {
                throw Refusal($"entry '{Excerpt.Of(entry.Name)}' of {entry.Extent} bytes overlaps with what follows");
            }
        }
    }

    private byte[] Read(long place, long length)
    {
        if (place < 0 || length < 0 || place > _stream.Length || length > Math.Min(_stream.Length - place, Array.MaxLength))
        {
            throw Refusal($"{length} bytes are expected at offset {place}, but the file has {_stream.Length}");
        }

        byte[] bytes = new byte[length];
        _stream.Position = place;
        _stream.ReadExactly(bytes);
        return bytes;
    }

    private InvalidDataException Refusal(string reason) => new($"{_source}: the archive is not accepted: {reason}.");

    private static ushort UInt16(ReadOnlySpan<byte> bytes, int place) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[place..]);

    private static uint UInt32(ReadOnlySpan<byte> bytes, int place) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[place..]);

    private static long Int64(ReadOnlySpan<byte> bytes, int place) => BinaryPrimitives.ReadInt64LittleEndian(bytes[place..]);

    private sealed record Entry(string Name, long Header, long Length, long Extent, ushort Method, bool IsEncrypted)
    {
        /// <summary>Where it has ended at the latest.</summary>
        public long End { get; set; }
    }
}
