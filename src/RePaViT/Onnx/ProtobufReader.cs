using System.Text;

namespace RePaViT.Onnx;

/// <summary>
/// Walks the fields of one protobuf message inside a stream. Nothing that a file claims is believed before it is
/// compared with the bytes that are there; a nested message gets a reader of its own, bounded by the message around it.
/// </summary>
internal sealed class ProtobufReader
{
    /// <summary>Bytes that a text may have in a file: far more than a description needs, far less than a string can hold.</summary>
    public const int UsualMaxTextLength = 1 << 28;

    private const int MaxNameLength = 1000;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Stream _stream;
    private readonly long _end;
    private long _next;
    private ulong _value;
    private long _length;

    /// <summary>A reader for the message from the current position of a stream to its end.</summary>
    /// <param name="stream">A stream that can seek.</param>
    /// <param name="maxTextLength">Bytes that a text may have.</param>
    public ProtobufReader(Stream stream, int maxTextLength = UsualMaxTextLength)
        : this(stream, maxTextLength, stream.Position, stream.Length)
    {
    }

    private ProtobufReader(Stream stream, int maxTextLength, long start, long end)
    {
        _stream = stream;
        MaxTextLength = maxTextLength;
        _next = start;
        _end = end;
    }

    /// <summary>Bytes that a text may have.</summary>
    public int MaxTextLength { get; }

    /// <summary>The number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>How the current field is stored.</summary>
    public WireType Type { get; private set; }

    /// <summary>Moves to the next field, past whatever was left unread of the current one.</summary>
    /// <returns>Whether there is one.</returns>
    /// <exception cref="InvalidDataException">There is something, but no field.</exception>
    public bool Next()
    {
        long start = _next;
        if (start == _end)
        {
            return false;
        }

        _stream.Position = start;
        ulong tag = ReadVarint();
        Type = (WireType)(tag & 7);
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        if (Field is 0 or >= 1 << 29)
        {
            throw Invalid(start, "a field number is outside 1 to 2^29 - 1");
        }

        _value = Type == WireType.Varint ? ReadVarint() : 0;
        ulong length = Type switch
        {
            WireType.Varint => 0,
            WireType.Fixed32 => 4,
            WireType.Fixed64 => 8,
            WireType.LengthDelimited => ReadVarint(),
            _ => throw Invalid(start, $"a field has wire type {(int)Type}"),
        };
        long available = _end - _stream.Position;
        if (length > (ulong)available)
        {
            throw Invalid(start, $"a field of {length} bytes is expected where {available} are left");
        }

        _length = (long)length;
        _next = _stream.Position + _length;
        return true;
    }

    /// <summary>The integer of the current field.</summary>
    public long ReadInteger()
    {
        Require(WireType.Varint);
        return (long)_value;
    }

    /// <summary>The integers of the current field, which holds any number of them.</summary>
    public IEnumerable<long> ReadPackedIntegers()
    {
        ProtobufReader values = ReadMessage();
        _stream.Position = values._next;
        while (_stream.Position < values._end)
        {
            yield return (long)values.ReadVarint();
        }
    }

    /// <summary>The text of the current field.</summary>
    public string ReadString()
    {
        (long offset, long length) = ReadPlace();
        if (length > MaxTextLength)
        {
            throw Invalid(offset, $"a text has {length} bytes, but at most {MaxTextLength} are accepted");
        }

        try
        {
            return StrictUtf8.GetString(ReadBytes(offset, length));
        }
        catch (DecoderFallbackException)
        {
            throw Invalid(offset, "a text is not UTF-8");
        }
    }

    /// <summary>The text of the current field, which is to be compared with names that are known: none is longer than what is read.</summary>
    public string ReadName()
    {
        (long offset, long length) = ReadPlace();
        return Encoding.UTF8.GetString(ReadBytes(offset, Math.Min(length, MaxNameLength)));
    }

    /// <summary>Where the bytes of the current field lie in the stream.</summary>
    public (long Offset, long Length) ReadPlace()
    {
        Require(WireType.LengthDelimited);
        return (_next - _length, _length);
    }

    /// <summary>A reader for the message in the current field.</summary>
    public ProtobufReader ReadMessage()
    {
        (long offset, long length) = ReadPlace();
        return new ProtobufReader(_stream, MaxTextLength, offset, offset + length);
    }

    private byte[] ReadBytes(long offset, long length)
    {
        var bytes = new byte[length];
        _stream.Position = offset;
        _stream.ReadExactly(bytes);
        return bytes;
    }

    private void Require(WireType type)
    {
        if (Type != type)
        {
            throw Invalid(_next - _length, $"field {Field} is stored as {Type} in place of {type}");
        }
    }

    private ulong ReadVarint()
    {
        long start = _stream.Position;
        ulong value = 0;
        for (int shift = 0; shift < 64 && _stream.Position < _end; shift += 7)
        {
            int next = _stream.ReadByte();
            value |= (ulong)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }

        throw Invalid(start, "a number has no end");
    }

    private static InvalidDataException Invalid(long offset, string what) => new($"At offset {offset} {what}.");
}
