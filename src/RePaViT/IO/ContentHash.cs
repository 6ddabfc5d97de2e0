using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace RePaViT.IO;

/// <summary>
/// A hash of what a file says, not of its bytes: of texts, and of tensors with their names and shapes, in a fixed order. It
/// finds damage; whoever changes a file on purpose can change its hash too.
/// </summary>
/// <remarks>
/// Four CRC-32C, each of every fourth group of 8 bytes: CPUs have an instruction for it, and four in turns do not wait for
/// each other. A hash of a package begins as unoptimized code, which takes as long for 200 MB as all else of opening them.
/// </remarks>
internal sealed class ContentHash
{
    private const int Lanes = 4;
    private const int GroupLength = Lanes * sizeof(ulong);

    private readonly uint[] _remainders = [uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue];
    private readonly byte[] _rest = new byte[GroupLength];
    private int _restLength;

    /// <summary>Adds texts, in the order of their keys: a dictionary promises none.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="hashKey">The text that is the hash itself; it is left out.</param>
    public void Add(IReadOnlyDictionary<string, string> texts, string hashKey)
    {
        string[] keys = [.. texts.Keys];
        Array.Sort(keys, StringComparer.Ordinal);
        foreach (string key in keys)
        {
            if (key != hashKey)
            {
                Add(key);
                Add(texts[key]);
            }
        }
    }

    /// <summary>Begins a tensor; its values follow.</summary>
    public void BeginTensor(string name, ReadOnlySpan<int> shape)
    {
        Add(name);
        Add(shape.Length);
        foreach (int size in shape)
        {
            Add(size);
        }
    }

    /// <summary>Adds values of a tensor as files store them, in pieces of any length.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        if (BitConverter.IsLittleEndian)
        {
            Append(MemoryMarshal.AsBytes(values));
            return;
        }

        foreach (float value in values)
        {
            Add(BitConverter.SingleToInt32Bits(value));
        }
    }

    /// <summary>Adds all that another hash is of; nothing may follow in that one.</summary>
    public void Add(ContentHash part) => Add(part.Finish());

    /// <param name="stored">The hash of a file; null if there is none.</param>
    /// <param name="isRequired">False for files from before there were hashes.</param>
    /// <exception cref="InvalidDataException">It is another, or missing.</exception>
    public void ThrowUnlessIs(string? stored, bool isRequired)
    {
        if (stored is null ? isRequired : stored != Finish())
        {
            throw new InvalidDataException(stored is null
                ? "The hash that was stored with it is missing: it was changed."
                : "Its content does not match the hash that was stored with it: it was changed.");
        }
    }

    /// <summary>The hash of all that was added, as files hold it; nothing may follow.</summary>
    public string Finish()
    {
        _rest.AsSpan(_restLength).Clear();
        Digest(_remainders, _rest);
        return string.Create(
            CultureInfo.InvariantCulture, $"{_remainders[0]:x8}{_remainders[1]:x8}{_remainders[2]:x8}{_remainders[3]:x8}");
    }

    private void Add(string text)
    {
        // With its length: what one text loses, the next must not be able to gain.
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Add(bytes.Length);
        Append(bytes);
    }

    private void Add(int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        Append(bytes);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_restLength > 0)
        {
            int taken = Math.Min(GroupLength - _restLength, bytes.Length);
            bytes[..taken].CopyTo(_rest.AsSpan(_restLength));
            bytes = bytes[taken..];
            _restLength += taken;
            if (_restLength < GroupLength)
            {
                return;
            }

            Digest(_remainders, _rest);
        }

        _restLength = bytes.Length % GroupLength;
        Digest(_remainders, bytes[..^_restLength]);
        bytes[^_restLength..].CopyTo(_rest);
    }

    /// <summary>Whole groups. Optimized at once: all is over before the runtime would see that it pays.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Digest(Span<uint> remainders, ReadOnlySpan<byte> groups)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(groups);
        (uint a, uint b, uint c, uint d) = (remainders[0], remainders[1], remainders[2], remainders[3]);
        for (int i = 0; i <= words.Length - Lanes; i += Lanes)
        {
            a = BitOperations.Crc32C(a, FromLittleEndian(words[i]));
            b = BitOperations.Crc32C(b, FromLittleEndian(words[i + 1]));
            c = BitOperations.Crc32C(c, FromLittleEndian(words[i + 2]));
            d = BitOperations.Crc32C(d, FromLittleEndian(words[i + 3]));
        }

        (remainders[0], remainders[1], remainders[2], remainders[3]) = (a, b, c, d);
    }

    private static ulong FromLittleEndian(ulong word) => BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
}
