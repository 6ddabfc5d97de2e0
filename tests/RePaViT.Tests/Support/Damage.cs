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
}
