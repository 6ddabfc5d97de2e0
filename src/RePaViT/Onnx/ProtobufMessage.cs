using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace RePaViT.Onnx;

/// <summary>
/// A protobuf message under construction. A message is stored after its length, so it must be complete before its
/// parent; bulk data keep their place as a length and are written only when everything else is known.
/// </summary>
internal sealed class ProtobufMessage
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly List<Payload> _payloads = [];

    /// <summary>Bytes of the message, payloads included.</summary>
    public long Length => _bytes.WrittenCount + _payloads.Sum(payload => payload.Length);

    public void Add(int field, long value)
    {
        AddTag(field, WireType.Varint);
        AddVarint((ulong)value);
    }

    public void Add(int field, float value)
    {
        AddTag(field, WireType.Fixed32);
        BinaryPrimitives.WriteSingleLittleEndian(_bytes.GetSpan(sizeof(float)), value);
        _bytes.Advance(sizeof(float));
    }

    /// <exception cref="ArgumentException">The text is not Unicode.</exception>
    public void Add(int field, string text) => Add(field, StrictUtf8.GetBytes(text));

    public void Add(int field, ReadOnlySpan<byte> bytes)
    {
        AddTag(field, WireType.LengthDelimited);
        AddVarint((ulong)bytes.Length);
        _bytes.Write(bytes);
    }

    public void Add(int field, ProtobufMessage message)
    {
        AddTag(field, WireType.LengthDelimited);
        AddVarint((ulong)message.Length);
        int start = _bytes.WrittenCount;
        _bytes.Write(message._bytes.WrittenSpan);
        _payloads.AddRange(message._payloads.Select(payload => payload with { Offset = start + payload.Offset }));
    }

    /// <summary>Adds bytes that <paramref name="write"/> produces when the message is written: exactly so many.</summary>
    public void Add(int field, long length, Action<Stream> write)
    {
        AddTag(field, WireType.LengthDelimited);
        AddVarint((ulong)length);
        _payloads.Add(new Payload(_bytes.WrittenCount, length, write));
    }

    public void WriteTo(Stream stream)
    {
        ReadOnlySpan<byte> bytes = _bytes.WrittenSpan;
        int position = 0;
        foreach (Payload payload in _payloads)
        {
            stream.Write(bytes[position..payload.Offset]);
            payload.Write(stream);
            position = payload.Offset;
        }

        stream.Write(bytes[position..]);
    }

    private void AddTag(int field, WireType type) => AddVarint(((ulong)field << 3) | (uint)type);

    /// <summary>Seven bits a byte, the lowest first; the top bit says that more follow.</summary>
    private void AddVarint(ulong value)
    {
        const int MaxLength = 10;
        Span<byte> span = _bytes.GetSpan(MaxLength);
        int length = 0;
        for (; value > 0x7f; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        _bytes.Advance(length);
    }

    /// <param name="Offset">Where the payload stands among the bytes around it.</param>
    /// <param name="Length">Its bytes.</param>
    /// <param name="Write">Writes them.</param>
    private sealed record Payload(int Offset, long Length, Action<Stream> Write);
}
