using System.Buffers.Binary;
using System.Text;
using RePaViT.IO;

namespace RePaViT.Import.PyTorch;

/// <summary>The bytes of a pickle. Nothing is allocated for a length that the file does not have.</summary>
/// <param name="stream">Where the pickle begins.</param>
/// <param name="end">Where it must have ended.</param>
/// <param name="source">What to call the file.</param>
internal sealed class PickleInput(Stream stream, long end, string source)
{
    /// <summary>Characters of a module's name, or of a name in it, at most: a file may put any of the one before any of the other.</summary>
    public const int MaxNameLength = 128;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Where the next byte is, from the beginning of the file.</summary>
    public long Position => stream.Position;

    public byte ReadByte() => stream.Position < end && stream.ReadByte() is >= 0 and int value ? (byte)value : throw Ended();

    public byte[] ReadBytes(long length)
    {
        if (length < 0 || length > Math.Min(end - stream.Position, Array.MaxLength))
        {
            throw Refusal($"{length} bytes should follow, but there are {end - stream.Position}");
        }

        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public string ReadText(long length)
    {
        byte[] bytes = ReadBytes(length);
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw new InvalidDataException($"{source}: a text that ends at offset {Position} is not UTF-8.", exception);
        }
    }

    public string ReadLine()
    {
        var line = new List<byte>();
        for (byte next = ReadByte(); next != '\n'; next = ReadByte())
        {
            line.Add(next);
            if (line.Count > MaxNameLength)
            {
                throw Refusal($"a line of more than {MaxNameLength} bytes is not a name");
            }
        }

        return Encoding.Latin1.GetString([.. line]);
    }

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Fill(stackalloc byte[sizeof(ushort)]));

    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Fill(stackalloc byte[sizeof(int)]));

    public uint ReadUInt32() => (uint)ReadInt32();

    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(Fill(stackalloc byte[sizeof(long)]));

    public double ReadBigEndianDouble() => BinaryPrimitives.ReadDoubleBigEndian(Fill(stackalloc byte[sizeof(double)]));

    /// <summary>What refuses the pickle at its present place.</summary>
    /// <param name="reason">What is wrong; may quote the file only through <see cref="Excerpt"/>.</param>
    public InvalidDataException Refusal(string reason) => new($"{source}: the pickle is not accepted at offset {Position}: {reason}.");

    private ReadOnlySpan<byte> Fill(Span<byte> bytes)
    {
        if (bytes.Length > end - stream.Position)
        {
            throw Ended();
        }

        stream.ReadExactly(bytes);
        return bytes;
    }

    private InvalidDataException Ended() => Refusal("it ends without its final instruction");
}
