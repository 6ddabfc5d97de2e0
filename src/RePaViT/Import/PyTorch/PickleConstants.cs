using System.Text;

namespace RePaViT.Import.PyTorch;

/// <summary>Numbers, texts and bytes of a pickle.</summary>
internal static class PickleConstants
{
    /// <summary>Reads what follows an instruction that only gives a value.</summary>
    /// <param name="opcode">The instruction.</param>
    /// <param name="input">Where its value follows.</param>
    /// <param name="constant">The value.</param>
    /// <returns>Whether it is such an instruction.</returns>
    public static bool TryRead(PickleOpcode opcode, PickleInput input, out object? constant)
    {
        constant = null;
        switch (opcode)
        {
            case PickleOpcode.None:
                break;
            case PickleOpcode.True or PickleOpcode.False:
                constant = opcode == PickleOpcode.True;
                break;
            case PickleOpcode.Int32:
                constant = (long)input.ReadInt32();
                break;
            case PickleOpcode.UInt8:
                constant = (long)input.ReadByte();
                break;
            case PickleOpcode.UInt16:
                constant = (long)input.ReadUInt16();
                break;
            case PickleOpcode.Long8:
                constant = ReadLong(input, input.ReadByte());
                break;
            case PickleOpcode.Long32:
                constant = ReadLong(input, input.ReadInt32());
                break;
            case PickleOpcode.Float64:
                constant = input.ReadBigEndianDouble();
                break;
            case PickleOpcode.Text8:
                constant = input.ReadText(input.ReadByte());
                break;
            case PickleOpcode.Text32:
                constant = input.ReadText(input.ReadUInt32());
                break;
            case PickleOpcode.Text64:
                constant = input.ReadText(input.ReadInt64());
                break;
            case PickleOpcode.OldBytes8:
                // Python 2 made no difference between bytes and text; names and keys are text.
                constant = Encoding.Latin1.GetString(input.ReadBytes(input.ReadByte()));
                break;
            case PickleOpcode.OldBytes32:
                constant = Encoding.Latin1.GetString(input.ReadBytes(input.ReadInt32()));
                break;
            case PickleOpcode.Bytes8:
                constant = input.ReadBytes(input.ReadByte());
                break;
            case PickleOpcode.Bytes32:
                constant = input.ReadBytes(input.ReadUInt32());
                break;
            case PickleOpcode.Bytes64 or PickleOpcode.ByteArray64:
                constant = input.ReadBytes(input.ReadInt64());
                break;
            default:
                return false;
        }

        return true;
    }

    /// <summary>A whole number of so many bytes; null for one that is no 64-bit number, which no weights depend on.</summary>
    private static long? ReadLong(PickleInput input, int length)
    {
        byte[] bytes = input.ReadBytes(length);
        if (bytes.Length > sizeof(long))
        {
            return null;
        }

        long value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }
}
