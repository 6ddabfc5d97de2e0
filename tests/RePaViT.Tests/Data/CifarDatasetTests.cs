using RePaViT.Tests.Support;

namespace RePaViT.Tests.Data;

[TestClass]
public class CifarDatasetTests
{
    private const int PlaneLength = 32 * 32;

    [TestMethod]
    public void Records_become_interleaved_images_with_labels()
    {
        using var folder = new TemporaryFolder();
        byte[] first = Record(1, seed: 1);
        byte[] second = Record(9, seed: 2);
        File.WriteAllBytes(folder.File("train.bin"), [.. first, .. second]);
        InMemoryImageDataset dataset = CifarDataset.ReadCifar10(folder.Path, DatasetPart.Train);
        Assert.AreEqual(2, dataset.Count);
        Assert.AreEqual("automobile", dataset.ClassNames[dataset.GetLabel(0)]);
        Assert.AreEqual("truck", dataset.ClassNames[dataset.GetLabel(1)]);
        ReadOnlySpan<byte> pixels = dataset.GetImage(1).Pixels.Span;
        for (int i = 0; i < PlaneLength; i++)
        {
            Assert.AreEqual(second[1 + i], pixels[3 * i]);
            Assert.AreEqual(second[1 + PlaneLength + i], pixels[3 * i + 1]);
            Assert.AreEqual(second[1 + 2 * PlaneLength + i], pixels[3 * i + 2]);
        }
    }

    [TestMethod]
    public void Training_batches_are_read_in_order_and_the_test_batch_apart()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("data_batch_2.bin"), Record(2, seed: 2));
        File.WriteAllBytes(folder.File("data_batch_1.bin"), Record(1, seed: 1));
        File.WriteAllBytes(folder.File("test_batch.bin"), Record(7, seed: 3));
        InMemoryImageDataset train = CifarDataset.ReadCifar10(folder.Path, DatasetPart.Train);
        Assert.AreEqual(2, train.Count);
        Assert.AreEqual(1, train.GetLabel(0));
        Assert.AreEqual(2, train.GetLabel(1));
        Assert.AreEqual(7, CifarDataset.ReadCifar10(folder.Path, DatasetPart.Test).GetLabel(0));
    }

    [TestMethod]
    public void Class_names_are_taken_from_their_file()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("test.bin"), Record(1, seed: 1));
        File.WriteAllText(folder.File("classes.txt"), "apple\r\npear\n\n");
        string[] expected = ["apple", "pear"];
        CollectionAssert.AreEqual(expected, CifarDataset.ReadCifar10(folder.Path, DatasetPart.Test).ClassNames.ToArray());
    }

    [TestMethod]
    public void Cifar100_takes_the_fine_label()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("train.bin"), [19, .. Record(99, seed: 1)]);
        InMemoryImageDataset dataset = CifarDataset.ReadCifar100(folder.Path, DatasetPart.Train);
        Assert.AreEqual(99, dataset.GetLabel(0));
        Assert.HasCount(100, dataset.ClassNames);
    }

    [TestMethod]
    public void A_label_out_of_range_is_refused_with_its_position()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("train.bin"), [.. Record(0, seed: 1), .. Record(10, seed: 1)]);
        Refused(() => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Train), "train.bin", "label 10 at byte 3073");
        File.WriteAllBytes(folder.File("train.bin"), [20, .. Record(0, seed: 1)]);
        Refused(() => CifarDataset.ReadCifar100(folder.Path, DatasetPart.Train), "train.bin", "label 20 at byte 0");
    }

    [TestMethod]
    public void A_file_of_incomplete_records_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("train.bin"), Record(0, seed: 1)[..^1]);
        Refused(() => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Train), "train.bin", "3072 bytes");
        File.WriteAllBytes(folder.File("train.bin"), []);
        Refused(() => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Train), "train.bin", "0 bytes");
        File.WriteAllBytes(folder.File("train.bin"), Record(0, seed: 1));
        Refused(() => CifarDataset.ReadCifar100(folder.Path, DatasetPart.Train), "train.bin", "3074");
    }

    [TestMethod]
    public void A_file_of_names_without_names_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("train.bin"), Record(0, seed: 1));
        File.WriteAllText(folder.File("batches.meta.txt"), "\n\n");
        Refused(() => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Train), "batches.meta.txt", "no class name");
        File.WriteAllBytes(folder.File("batches.meta.txt"), new byte[1 << 17]);
        Refused(() => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Train), "batches.meta.txt", "longer than");
    }

    [TestMethod]
    public void What_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();
        var failure = Assert.ThrowsExactly<FileNotFoundException>(
            () => CifarDataset.ReadCifar10(folder.Path, DatasetPart.Train));
        StringAssert.Contains(failure.Message, "train.bin", StringComparison.Ordinal);
        Assert.ThrowsExactly<DirectoryNotFoundException>(
            () => CifarDataset.ReadCifar10(folder.File("none"), DatasetPart.Train));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => CifarDataset.ReadCifar10(folder.Path, (DatasetPart)2));
        Assert.ThrowsExactly<ArgumentException>(() => CifarDataset.ReadCifar100("", DatasetPart.Train));
    }

    private static byte[] Record(byte label, int seed)
    {
        byte[] record = new byte[1 + 3 * PlaneLength];
        new Random(seed).NextBytes(record);
        record[0] = label;
        return record;
    }

    private static void Refused(Action read, params ReadOnlySpan<string> needed)
    {
        string message = Assert.ThrowsExactly<InvalidDataException>(read).Message;
        foreach (string part in needed)
        {
            StringAssert.Contains(message, part, StringComparison.Ordinal);
        }
    }
}
