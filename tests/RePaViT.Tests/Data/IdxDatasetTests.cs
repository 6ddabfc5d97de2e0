using System.Buffers.Binary;
using System.IO.Compression;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Data;

[TestClass]
public class IdxDatasetTests
{
    private const int ImagesMagic = 0x0803;
    private const int LabelsMagic = 0x0801;

    private static readonly byte[] Samples = [.. Enumerable.Range(0, 2 * 3 * 4).Select(i => (byte)(10 * i))];

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Gray_images_become_rgb(bool compressed)
    {
        using var folder = new TemporaryFolder();
        string extension = compressed ? ".gz" : "";
        Write(folder.File($"t10k-images-idx3-ubyte{extension}"), Idx(ImagesMagic, [2, 3, 4], Samples), compressed);
        Write(folder.File($"t10k-labels-idx1-ubyte{extension}"), Idx(LabelsMagic, [2], [7, 0]), compressed);
        InMemoryImageDataset dataset = IdxDataset.Read(folder.Path, DatasetPart.Test);
        Assert.AreEqual(2, dataset.Count);
        Assert.AreEqual(7, dataset.GetLabel(0));
        Assert.AreEqual(0, dataset.GetLabel(1));
        Assert.HasCount(10, dataset.ClassNames);
        RgbImage image = dataset.GetImage(1);
        Assert.AreEqual(4, image.Width);
        Assert.AreEqual(3, image.Height);
        byte[] expected = [.. Samples[12..].SelectMany(sample => Enumerable.Repeat(sample, 3))];
        CollectionAssert.AreEqual(expected, image.Pixels.ToArray());
    }

    [TestMethod]
    public void Greater_labels_make_more_classes()
    {
        InMemoryImageDataset dataset = Read(Idx(ImagesMagic, [2, 3, 4], Samples), Idx(LabelsMagic, [2], [46, 0]));
        Assert.HasCount(47, dataset.ClassNames);
        Assert.AreEqual("46", dataset.ClassNames[46]);
    }

    [TestMethod]
    public void Labels_must_fit_given_class_names()
        => Refused(Idx(ImagesMagic, [2, 3, 4], Samples), Idx(LabelsMagic, [2], [1, 2]), "label 2 for image 1", ["a", "b"]);

    [TestMethod]
    public void Damaged_headers_are_refused()
    {
        byte[] labels = Idx(LabelsMagic, [2], [0, 1]);
        Refused(Idx(LabelsMagic, [2, 3, 4], Samples), labels, "0x00000801");
        Refused(Idx(ImagesMagic, [2, 3, 4], Samples), Idx(ImagesMagic, [2], [0, 1]), "0x00000803");
        Refused(Idx(ImagesMagic, [2, 3, 4], Samples)[..10], labels, "ends at byte 10");
        Refused(Idx(ImagesMagic, [3, 2, 4], Samples), labels, "3 images");
        Refused(Idx(ImagesMagic, [2, 0, 4], Samples), labels, "as the length of dimension 1");
        Refused(Idx(ImagesMagic, [2, 3, -1], Samples), labels, "4294967295 at byte 12");
        Refused(Idx(ImagesMagic, [2, int.MaxValue, int.MaxValue], Samples), labels, "at most 4096 x 4096");
        Refused(Idx(ImagesMagic, [2, 4096, 4096], Samples), labels, "can hold 24");
        Refused(Idx(ImagesMagic, [2, 3, 3], Samples), labels, "continues after byte 34");
        Refused([], labels, "ends at byte 0");
        byte[] many = Idx(LabelsMagic, [int.MaxValue], [0, 1]);
        Refused(Idx(ImagesMagic, [int.MaxValue, 4096, 4096], Samples), many, "can hold 2");
    }

    [TestMethod]
    public void Compressed_files_are_not_believed_either()
    {
        byte[] labels = Idx(LabelsMagic, [2], [0, 1]);
        byte[] whole = Gzip(Idx(ImagesMagic, [2, 3, 4], Samples));
        Refused(whole[..(whole.Length / 2)], labels, "images");
        byte[] wrongChecksum = [.. whole];
        wrongChecksum[^5] ^= 1;
        Refused(wrongChecksum, labels, "damaged gzip data");
        byte[] wrongData = [.. whole];
        wrongData[12] ^= 0xFF;
        Refused(wrongData, labels, "images");

        // Zeros compress a thousandfold: a header that promises more than that is refused before it is believed.
        Refused(Gzip(Idx(ImagesMagic, [2, 4096, 4096], Samples)), labels, "at most");

        // A bomb goes on behind what its header promises; nothing of the rest is read.
        Refused(Gzip(Idx(ImagesMagic, [2, 3, 4], new byte[10_000_000])), labels, "continues after byte 40");
    }

    [TestMethod]
    [DataRow(40_000_000, 1, 1)]
    [DataRow(5_000_000, 1, 1)]
    [DataRow(3, 4096, 4096)]
    [DataRow(50_000, 28, 28)]
    public void Compressed_files_hold_no_more_than_their_length_justifies(int count, int height, int width)
    {
        byte[] images = Gzip(Idx(ImagesMagic, [count, height, width], new byte[count * height * width]));
        byte[] labels = Gzip(Idx(LabelsMagic, [count], new byte[count]));
        long before = GC.GetTotalAllocatedBytes();

        Refused(images, labels, $"from {images.Length} bytes of gzip data");

        long allocated = GC.GetTotalAllocatedBytes() - before;
        Assert.IsLessThan(1 << 20, allocated);
    }

    [TestMethod]
    public void Compressed_labels_hold_no_more_than_their_length_justifies()
    {
        const int Count = 20_000_000;
        byte[] images = Idx(ImagesMagic, [Count, 1, 1], new byte[Count]);
        byte[] labels = Gzip(Idx(LabelsMagic, [Count], new byte[Count]));
        Refused(images, labels, $"from {labels.Length} bytes of gzip data");
    }

    [TestMethod]
    public void Blank_images_are_accepted_in_a_small_set()
    {
        const int Count = 10_000;
        InMemoryImageDataset dataset = Read(
            Gzip(Idx(ImagesMagic, [Count, 28, 28], new byte[Count * 28 * 28])), Gzip(Idx(LabelsMagic, [Count], new byte[Count])));
        Assert.AreEqual(Count, dataset.Count);
    }

    [TestMethod]
    public void What_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();
        var failure = Assert.ThrowsExactly<FileNotFoundException>(() => IdxDataset.Read(folder.Path, DatasetPart.Train));
        StringAssert.Contains(failure.Message, "train-images", StringComparison.Ordinal);
        Assert.ThrowsExactly<FileNotFoundException>(() => IdxDataset.Read(folder.File("images"), folder.File("labels")));
    }

    private static InMemoryImageDataset Read(byte[] images, byte[] labels, string[]? names = null)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("images"), images);
        File.WriteAllBytes(folder.File("labels"), labels);
        return IdxDataset.Read(folder.File("images"), folder.File("labels"), names);
    }

    private static void Refused(byte[] images, byte[] labels, string needed, string[]? names = null)
    {
        var failure = Assert.ThrowsExactly<InvalidDataException>(() => Read(images, labels, names));
        StringAssert.Contains(failure.Message, needed, StringComparison.Ordinal);
    }

    private static byte[] Idx(int magic, int[] shape, byte[] samples)
    {
        byte[] header = new byte[4 + 4 * shape.Length];
        BinaryPrimitives.WriteInt32BigEndian(header, magic);
        for (int i = 0; i < shape.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4 + 4 * i), shape[i]);
        }

        return [.. header, .. samples];
    }

    private static byte[] Gzip(byte[] content)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize))
        {
            gzip.Write(content);
        }

        return compressed.ToArray();
    }

    private static void Write(string path, byte[] content, bool compressed)
        => File.WriteAllBytes(path, compressed ? Gzip(content) : content);
}
