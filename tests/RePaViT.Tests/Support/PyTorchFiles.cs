using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace RePaViT.Tests.Support;

/// <summary>Files as <c>torch.save</c> writes them, around any pickle.</summary>
internal static class PyTorchFiles
{
    private static readonly byte[] Magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];

    public static string Folder { get; } = Path.Combine(Fixture.Folder, "Pretrained");

    /// <summary>A zip archive with that pickle and those storages.</summary>
    public static byte[] Archive(byte[] pickle, params (string Key, byte[] Data)[] storages)
        => Zip([("a/data.pkl", pickle), ("a/byteorder", "little"u8.ToArray()), .. storages.Select(storage => ($"a/data/{storage.Key}", storage.Data))]);

    /// <summary>Consecutive pickles with the storages behind them.</summary>
    public static byte[] Legacy(byte[] pickle, params (string Key, float[] Data)[] storages) =>
    [
        .. Magic,
        .. Pickle.Of(Pickle.Number(1001)),
        .. Pickle.Of(Pickle.Dictionary(("little_endian", [0x88]))),
        .. pickle,
        .. Pickle.Of(Pickle.List([.. storages.Select(storage => Pickle.Text(storage.Key))])),
        .. storages.SelectMany(storage => (byte[])[.. Int64(storage.Data.Length), .. Bytes(storage.Data)]),
    ];

    public static byte[] Bytes(params float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    /// <summary>An archive of stored entries.</summary>
    /// <param name="entries">Names and contents.</param>
    public static byte[] Zip(params (string Name, byte[] Data)[] entries)
    {
        var file = new List<byte>();
        var directory = new List<byte>();
        foreach ((string name, byte[] data) in entries)
        {
            byte[] header = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Int32(data.Length), .. Int32(data.Length), .. Int16(name.Length), 0, 0];
            byte[] text = Encoding.ASCII.GetBytes(name);
            directory.AddRange([.. "PK\x01\x02"u8, 0, 0, .. header, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Int32(file.Count), .. text]);
            file.AddRange([.. "PK\x03\x04"u8, .. header, .. text, .. data]);
        }

        int start = file.Count;
        return
        [
            .. file, .. directory, .. "PK\x05\x06"u8, 0, 0, 0, 0, .. Int16(entries.Length), .. Int16(entries.Length),
            .. Int32(directory.Count), .. Int32(start), 0, 0,
        ];
    }

    private static byte[] Int16(int value) => Int64(value)[..sizeof(short)];

    private static byte[] Int32(int value) => Int64(value)[..sizeof(int)];

    private static byte[] Int64(long value)
    {
        byte[] bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return bytes;
    }
}
