using System.Buffers.Binary;
using System.IO.Compression;
using RePaViT.Import.Files;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>Archives and older files around a good pickle.</summary>
[TestClass]
public sealed class HostileArchiveTests
{
    private static readonly byte[] Good = Pickle.Of(Pickle.Dictionary(("w", Pickle.Tensor(Pickle.Storage("0", 2), 0, [2], [1]))));
    private static readonly byte[] Data = PyTorchFiles.Bytes(1, 2);

    [TestMethod]
    public void Good_files_are_read()
    {
        foreach (byte[] file in new[] { PyTorchFiles.Archive(Good, ("0", Data)), PyTorchFiles.Legacy(Good, ("0", [1, 2])) })
        {
            CollectionAssert.AreEqual(new[] { 1f, 2f }, Read(file));
        }
    }

    [TestMethod]
    public void Compressed_entries_are_refused()
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] data) in new[] { ("a/data.pkl", Good), ("a/data/0", new byte[10_000_000]) })
            {
                using Stream entry = zip.CreateEntry(name, CompressionLevel.SmallestSize).Open();
                entry.Write(data);
            }
        }

        StringAssert.Contains(Refusal(bytes.ToArray()), "compressed");
    }

    [TestMethod]
    public void Entries_do_not_overlap()
    {
        byte[] file = PyTorchFiles.Archive(Good, ("0", Data));
        int directory = file.AsSpan().IndexOf("PK\x01\x02"u8);
        int second = directory + 4 + file.AsSpan(directory + 4).IndexOf("PK\x01\x02"u8);

        // The first entry reaches over the second, as it stands there or only once it is read.
        StringAssert.Contains(Refusal(With(file, (directory + 24, Good.Length + 100))), "reaches into the next");
        StringAssert.Contains(Refusal(With(file, (directory + 20, Good.Length + 100), (directory + 24, Good.Length + 100))), "overlaps");
        StringAssert.Contains(Refusal(With(file, (directory + 20, int.MaxValue), (directory + 24, int.MaxValue))), "overlaps");

        // Two entries at one place.
        StringAssert.Contains(Refusal(With(file, (second + 42, 0))), "overlaps");
        StringAssert.Contains(Refusal(With(file, (directory + 42, file.Length))), "overlaps");

        // A name in front of the content that is longer than the directory says.
        StringAssert.Contains(Refusal(With(file, (26, 2000))), "not where the directory says");
    }

    [TestMethod]
    public void The_directory_is_in_the_file()
    {
        byte[] file = PyTorchFiles.Archive(Good, ("0", Data));
        int end = file.AsSpan().LastIndexOf("PK\x05\x06"u8);

        StringAssert.Contains(Refusal(file[..end]), "no directory");
        StringAssert.Contains(Refusal(With(file, (end + 16, file.Length))), "directory");
        StringAssert.Contains(Refusal(With(file, (end + 12, file.Length))), "directory");
        StringAssert.Contains(Refusal(With(file, (end + 8, 0x00090009))), "entry 3");
        StringAssert.Contains(Refusal(With(file, (end + 16, -1))), "large files");
        StringAssert.Contains(Refusal([.. file[..end], .. "PK\x06\x07"u8, .. new byte[8 + 4], .. new byte[8], .. With(file, (end + 16, -1))[end..]]), "archive");
    }

    [TestMethod]
    public void Entries_have_their_names()
    {
        (string, byte[]) pickle = ("a/data.pkl", Good);
        (string, byte[]) storage = ("a/data/0", Data);

        StringAssert.Contains(Refusal(PyTorchFiles.Zip(storage)), "has none");
        StringAssert.Contains(Refusal(PyTorchFiles.Zip(pickle, ("b/data.pkl", Good), storage)), "several");
        StringAssert.Contains(Refusal(PyTorchFiles.Zip(pickle, storage, storage)), "twice");
        StringAssert.Contains(Refusal(PyTorchFiles.Zip(pickle, ("b/data/0", Data))), "not in the archive");
        StringAssert.Contains(Refusal(PyTorchFiles.Zip(pickle, storage, ("a/byteorder", "big"u8.ToArray()))), "'big'");
        CollectionAssert.AreEqual(new[] { 1f, 2f }, Read(PyTorchFiles.Zip(pickle, storage, ("a/version", "3\n"u8.ToArray()))));
    }

    [TestMethod]
    public void Lengths_beyond_32_bits_have_their_field()
    {
        // The storage's length stands in the field for large files; the archive is small all the same.
        byte[] file = PyTorchFiles.Zip(("a/data.pkl", Good), ("a/data/0", Data));
        int entry = file.AsSpan().LastIndexOf("PK\x01\x02"u8);
        int name = entry + 46 + "a/data/0".Length;
        byte[] field = [1, 0, 8, 0, (byte)Data.Length, 0, 0, 0, 0, 0, 0, 0];
        byte[] moved = [.. With(file, (entry + 24, -1))[..name], .. field, .. file[name..]];
        BinaryPrimitives.WriteInt16LittleEndian(moved.AsSpan(entry + 30), (short)field.Length);
        int end = moved.AsSpan().LastIndexOf("PK\x05\x06"u8);
        BinaryPrimitives.WriteInt32LittleEndian(moved.AsSpan(end + 12), BinaryPrimitives.ReadInt32LittleEndian(moved.AsSpan(end + 12)) + field.Length);

        CollectionAssert.AreEqual(new[] { 1f, 2f }, Read(moved));

        // And without it.
        StringAssert.Contains(Refusal(With(file, (entry + 24, -1))), "no length");
    }

    [TestMethod]
    public void Older_files_hold_what_they_list()
    {
        byte[] file = PyTorchFiles.Legacy(Good, ("0", [1, 2]));
        int data = file.Length - Data.Length;

        StringAssert.Contains(Refusal(With(file, (data - 8, 1))), "1 elements");
        StringAssert.Contains(Refusal(With(file, (data - 8, 3))), "3 elements");
        StringAssert.Contains(Refusal(With(file, (data - 4, int.MaxValue))), "elements");
        StringAssert.Contains(Refusal(file[..^1]), "2 elements");
        StringAssert.Contains(Refusal(PyTorchFiles.Legacy(Good)), "'0' is not in the file");
        StringAssert.Contains(Refusal(PyTorchFiles.Legacy(Good, ("1", [1, 2]))), "no tensor uses");
        StringAssert.Contains(Refusal(PyTorchFiles.Legacy(Good, ("0", [1, 2]), ("0", [1, 2]))), "elements");
        StringAssert.Contains(Refusal([.. file[..15], .. Pickle.Of(Pickle.Number(1002)), .. file[15..]]), "version");

        int order = file.AsSpan().IndexOf("little_endian"u8) + "little_endian".Length;
        byte[] big = [.. file];
        big[order] = 0x89;
        StringAssert.Contains(Refusal(big), "big-endian");
    }

    private static byte[] With(byte[] file, params (int Place, int Value)[] changes)
    {
        byte[] changed = [.. file];
        foreach ((int place, int value) in changes)
        {
            BinaryPrimitives.WriteInt32LittleEndian(changed.AsSpan(place), value);
        }

        return changed;
    }

    private static float[] Read(byte[] content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("x.pth"), content);
        using CheckpointFile file = CheckpointFile.Open(folder.File("x.pth"));
        return file.Sections[0].Tensors.Single().ReadValues();
    }

    private static string Refusal(byte[] content) => Assert.ThrowsExactly<InvalidDataException>(() => Read(content)).Message;
}
