namespace RePaViT.Tests.Support;

/// <summary>Files with a wrong byte.</summary>
internal static class Damage
{
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
    /// One of many ways to damage a file, by its number: flipped bits, noise, another part of the file, or bytes that mean
    /// something in JSON.
    /// </summary>
    public static byte[] Some(byte[] good, int number)
    {
        byte[][] texts =
        [
            "\\ud800"u8.ToArray(), "1e999"u8.ToArray(), "null"u8.ToArray(), "[{"u8.ToArray(), "}"u8.ToArray(), "\\"u8.ToArray(),
            "\""u8.ToArray(), "-"u8.ToArray(), "NaN"u8.ToArray(), [0xff], [0xed, 0xa0, 0x80], [0],
        ];
        var random = new Random(number);
        byte[] bad = [.. good];
        int place = random.Next(good.Length);
        switch (number % 4)
        {
            case 0:
                for (int flips = random.Next(1, 5); flips > 0; flips--)
                {
                    bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
                }

                break;
            case 1:
                random.NextBytes(bad.AsSpan(place, Math.Min(random.Next(1, 20), bad.Length - place)));
                break;
            case 2:
                int from = random.Next(good.Length);
                good.AsSpan(from, Math.Min(random.Next(1, 60), good.Length - Math.Max(from, place))).CopyTo(bad.AsSpan(place));
                break;
            default:
                byte[] text = texts[random.Next(texts.Length)];
                text.AsSpan(0, Math.Min(text.Length, bad.Length - place)).CopyTo(bad.AsSpan(place));
                break;
        }

        return bad;
    }
}
