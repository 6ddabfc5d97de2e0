using System.Buffers.Binary;
using System.IO.Compression;
using RePaViT.IO;

namespace RePaViT.MLNet.Loading;

/// <summary>
/// What an entry of an archive holds after its length, unpacked as it is read and not kept: looking back starts again, from
/// the start of the entry. Reading the last bytes compares the checksum.
/// </summary>
internal sealed class EntryStream : Stream
{
    private const int PrefixLength = sizeof(int);
    private const int BlockLength = 1 << 16;

    private readonly ZipArchiveEntry _entry;
    private readonly byte[] _block;
    private Stream _content;
    private long _blockStart;
    private int _blockLength;
    private uint _checksum;

    /// <exception cref="InvalidDataException">The entry does not say how long it is, or cannot be unpacked.</exception>
    public EntryStream(ZipArchiveEntry entry)
    {
        _entry = entry;
        _block = new byte[Math.Min(entry.Length, BlockLength)];
        _content = entry.Open();
        Length = entry.Length - PrefixLength;
        Span<byte> prefix = stackalloc byte[PrefixLength];
        int length = -1;
        if (Length >= 0)
        {
            ReadEntry(0, prefix);
            length = BinaryPrimitives.ReadInt32LittleEndian(prefix);
        }

        if (length != Length)
        {
            throw new InvalidDataException($"'{Excerpt.Of(entry.FullName)}': it says that {length} bytes follow, but there are {Length}.");
        }
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position { get; set; }

    /// <exception cref="InvalidDataException">The entry is cut or damaged.</exception>
    public void ThrowUnlessWhole()
    {
        if (Length > 0)
        {
            Position = Length - 1;
            ReadByte();
        }
    }

    public override int Read(Span<byte> buffer)
    {
        if (Position >= Length)
        {
            return 0;
        }

        int read = ReadEntry(Position + PrefixLength, buffer);
        Position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int ReadByte()
    {
        Span<byte> value = stackalloc byte[1];
        return Read(value) == 0 ? -1 : value[0];
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _content.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Reads what one block has from a position in the entry on, at least one byte.</summary>
    private int ReadEntry(long position, Span<byte> buffer)
    {
        if (position < _blockStart)
        {
            _content.Dispose();
            _content = _entry.Open();
            (_blockStart, _blockLength, _checksum) = (0, 0, 0);
        }

        while (position >= _blockStart + _blockLength)
        {
            ReadBlock();
        }

        ReadOnlySpan<byte> rest = _block.AsSpan((int)(position - _blockStart), (int)(_blockStart + _blockLength - position));
        rest = rest[..Math.Min(rest.Length, buffer.Length)];
        rest.CopyTo(buffer);
        return rest.Length;
    }

    private void ReadBlock()
    {
        _blockStart += _blockLength;
        Span<byte> block = _block.AsSpan(0, (int)Math.Min(_block.Length, _entry.Length - _blockStart));
        _blockLength = _content.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
        if (_blockLength < block.Length)
        {
            throw new InvalidDataException(
                $"'{Excerpt.Of(_entry.FullName)}': it ends after {_blockStart + _blockLength} of {_entry.Length} bytes.");
        }

        _checksum = Crc32.Compute(block, _checksum);
        if (_blockStart + _blockLength == _entry.Length && _checksum != _entry.Crc32)
        {
            throw new InvalidDataException($"'{Excerpt.Of(_entry.FullName)}': it is damaged: its checksum does not match its content.");
        }
    }
}
