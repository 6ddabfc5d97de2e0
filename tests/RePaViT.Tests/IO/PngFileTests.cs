using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using RePaViT.IO;

namespace RePaViT.Tests.IO;

[TestClass]
public sealed class PngFileTests
{
    private const int SignatureLength = 8;

    [TestMethod]
    [DataRow(3, 2)]
    [DataRow(4, 6)]
    public void What_is_written_can_be_read_again(int channels, int colorType)
    {
        byte[] samples = [.. Enumerable.Range(0, 5 * 2 * channels).Select(i => (byte)(37 * i))];

        List<(string Type, byte[] Content)> chunks = Chunks(PngFile.Encode(5, 2, samples));

        CollectionAssert.AreEqual(new[] { "IHDR", "IDAT", "IEND" }, chunks.Select(chunk => chunk.Type).ToArray());
        CollectionAssert.AreEqual(new byte[] { 0, 0, 0, 5, 0, 0, 0, 2, 8, (byte)colorType, 0, 0, 0 }, chunks[0].Content);
        using var stream = new ZLibStream(new MemoryStream(chunks[1].Content), CompressionMode.Decompress);
        using var rows = new MemoryStream();
        stream.CopyTo(rows);
        int row = 5 * channels;
        byte[] expected = [0, .. samples[..row], 0, .. samples[row..]];
        CollectionAssert.AreEqual(expected, rows.ToArray());
    }

    [TestMethod]
    public void The_checksum_is_that_of_the_standard()
        => Assert.AreEqual(0xAE426082u, Crc32.Compute("IEND"u8), "Every PNG file ends with these four bytes.");

    [TestMethod]
    [DataRow(11)]
    [DataRow(20)]
    [DataRow(0)]
    public void Samples_that_fit_no_size_are_refused(int length)
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => PngFile.Encode(2, 2, new byte[length]));
        Assert.Contains($"{length} samples", refusal.Message);
    }

    private static List<(string Type, byte[] Content)> Chunks(byte[] file)
    {
        var chunks = new List<(string, byte[])>();
        CollectionAssert.AreEqual(new byte[] { 137, 80, 78, 71, 13, 10, 26, 10 }, file[..SignatureLength]);
        for (int start = SignatureLength; start < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(start));
            byte[] content = file[(start + 8)..(start + 8 + length)];
            Assert.AreEqual(
                Crc32.Compute(file.AsSpan(start + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(start + 8 + length)));
            chunks.Add((Encoding.ASCII.GetString(file, start + 4, 4), content));
            start += length + 12;
        }

        return chunks;
    }
}
