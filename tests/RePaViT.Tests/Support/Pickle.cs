using System.Buffers.Binary;
using System.Text;

namespace RePaViT.Tests.Support;

/// <summary>Pieces of pickles, to be put together into what no well-meaning program writes.</summary>
internal static class Pickle
{
    public static byte[] None { get; } = "N"u8.ToArray();

    public static byte[] EmptyTuple { get; } = ")"u8.ToArray();

    /// <summary>A whole pickle of protocol 2.</summary>
    public static byte[] Of(params byte[][] pieces) => [0x80, 2, .. pieces.SelectMany(piece => piece), (byte)'.'];

    public static byte[] Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return [(byte)'X', .. Int32(bytes.Length), .. bytes];
    }

    public static byte[] Number(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return [0x8a, sizeof(long), .. bytes];
    }

    public static byte[] Tuple(params byte[][] items) => [(byte)'(', .. items.SelectMany(item => item), (byte)'t'];

    public static byte[] List(params byte[][] items) => [(byte)']', (byte)'(', .. items.SelectMany(item => item), (byte)'e'];

    public static byte[] Dictionary(params (string Name, byte[] Value)[] items)
        => [(byte)'}', (byte)'(', .. items.SelectMany(item => (byte[])[.. Text(item.Name), .. item.Value]), (byte)'u'];

    public static byte[] Global(string module, string name) => Encoding.ASCII.GetBytes($"c{module}\n{name}\n");

    public static byte[] Call(byte[] callee, byte[] arguments) => [.. callee, .. arguments, (byte)'R'];

    /// <summary>Keeps what was made last.</summary>
    public static byte[] Keep(int index) => [(byte)'r', .. Int32(index)];

    public static byte[] Recall(int index) => [(byte)'j', .. Int32(index)];

    public static byte[] Storage(string key, long length, string type = "FloatStorage")
        => [.. Tuple(Text("storage"), Global("torch", type), Text(key), Text("cpu"), Number(length)), (byte)'Q'];

    public static byte[] Tensor(byte[] storage, long offset, long[] shape, long[] strides) => Call(
        Global("torch._utils", "_rebuild_tensor_v2"),
        Tuple(storage, Number(offset), Numbers(shape), Numbers(strides), [0x89], Call(Global("collections", "OrderedDict"), EmptyTuple)));

    private static byte[] Numbers(long[] values) => Tuple(Array.ConvertAll(values, Number));

    private static byte[] Int32(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
