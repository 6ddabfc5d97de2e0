namespace RePaViT.IO;

/// <summary>The checksum of zip archives and PNG files (ISO 3309), for which .NET has no public method.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xEDB88320;

    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(value => Divide((uint)value))];

    /// <param name="data">The bytes.</param>
    /// <param name="before">The checksum of what stands before them; 0 of nothing.</param>
    public static uint Compute(ReadOnlySpan<byte> data, uint before = 0)
    {
        uint remainder = ~before;
        foreach (byte value in data)
        {
            remainder = Table[(byte)(remainder ^ value)] ^ (remainder >> 8);
        }

        return ~remainder;
    }

    private static uint Divide(uint value)
    {
        for (int bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ Polynomial;
        }

        return value;
    }
}
