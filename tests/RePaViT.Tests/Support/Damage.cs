namespace RePaViT.Tests.Support;

/// <summary>Files that are damaged.</summary>
internal static class Damage
{
    private const int LongestPiece = 100;

    private static readonly byte[][] Texts =
    [
        "\\ud800"u8.ToArray(), "1e999"u8.ToArray(), "null"u8.ToArray(), "[{"u8.ToArray(), "}"u8.ToArray(), "\\"u8.ToArray(), "\""u8.ToArray(),
        "-"u8.ToArray(), "NaN"u8.ToArray(), "0"u8.ToArray(), "9999999999"u8.ToArray(), "{}"u8.ToArray(), ",1"u8.ToArray(), [0xff], [0xed, 0xa0, 0x80], [0],
    ];

    /// <summary>
    /// Flips bits of one byte after the other. Reading may succeed or refuse; any other exception fails the test.
    /// </summary>
    public static void EveryByte(byte[] bytes, byte bits, Action<byte[]> read)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= bits;
            try
            {
                read(bytes);
            }
            catch (InvalidDataException)
            {
                // A refusal is right.
            }

            bytes[i] ^= bits;
        }
    }

    /// <summary>
    /// One of many ways to damage one of some files, by its number: up to four changes, which flip bits, write noise or numbers that
    /// readers may believe, take parts away, repeat them or bring them from another file, or put in what means something in JSON.
    /// </summary>
    public static byte[] Some(IReadOnlyList<byte[]> good, int number)
    {
        var random = new Random(number);
        byte[] bad = [.. good[random.Next(good.Count)]];
        for (int changes = random.Next(2) == 0 ? 1 : random.Next(2, 5); changes > 0 && bad.Length > 0; changes--)
        {
            bad = Change(bad, good[random.Next(good.Count)], random);
        }

        return bad;
    }

    private static byte[] Change(byte[] bytes, byte[] other, Random random)
    {
        int place = Place(bytes.Length, random);
        switch (random.Next(11))
        {
            case 0:
                bytes[place] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                random.NextBytes(bytes.AsSpan(place, Math.Min(random.Next(1, 20), bytes.Length - place)));
                return bytes;
            case 2:
                bytes[place] = random.Next(2) == 0 ? byte.MaxValue : (byte)0;
                return bytes;
            case 3:
                return Overwrite(bytes, place, Number(random));
            case 4:
                return Overwrite(bytes, place, Piece(other, random));
            case 5:
                return Overwrite(bytes, place, Texts[random.Next(Texts.Length)]);
            case 6:
                return [.. bytes[..place], .. Texts[random.Next(Texts.Length)], .. bytes[place..]];
            case 7:
                return [.. bytes[..place], .. Piece(other, random), .. bytes[place..]];
            case 8:
                return [.. bytes[..place], .. bytes[(place + random.Next(Math.Min(LongestPiece, bytes.Length - place)))..]];
            case 9:
                // Texts survive this more often than anything else.
                int digit = bytes.AsSpan(place).IndexOfAnyInRange((byte)'0', (byte)'9');
                bytes[place + Math.Max(digit, 0)] = (byte)('0' + random.Next(10));
                return bytes;
            default:
                return random.Next(4) == 0 ? bytes[..place] : [.. bytes, .. Piece(other, random)];
        }
    }

    /// <summary>Anywhere, or where files say most about themselves: near their beginning, or near their end.</summary>
    private static int Place(int length, Random random)
    {
        int near = random.Next(Math.Min(length, 300));
        return random.Next(4) switch
        {
            0 => near,
            1 => length - 1 - near,
            _ => random.Next(length),
        };
    }

    /// <summary>A whole number of any length, in either order of bytes, that is near what it can just hold, or small.</summary>
    private static byte[] Number(Random random)
    {
        long number = (random.Next(2) == 0 ? 0 : 1L << random.Next(8, 64)) + random.Next(-3, 17);
        byte[] bytes = BitConverter.GetBytes(number)[..(1 << random.Next(4))];
        if (random.Next(2) == 0)
        {
            Array.Reverse(bytes);
        }

        return bytes;
    }

    private static byte[] Piece(byte[] bytes, Random random)
    {
        int start = Place(bytes.Length, random);
        return bytes[start..(start + random.Next(1 + Math.Min(LongestPiece, bytes.Length - start)))];
    }

    private static byte[] Overwrite(byte[] bytes, int place, byte[] piece)
    {
        piece.AsSpan(0, Math.Min(piece.Length, bytes.Length - place)).CopyTo(bytes.AsSpan(place));
        return bytes;
    }
}
