using System.Diagnostics;
using RePaViT.Import.Files;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>Small pickles that once took minutes, or more memory than there is: each says a little over and over.</summary>
[TestClass]
public sealed class HostileCostTests
{
    // Each takes less than a second on an idle machine.
    private const int MostSeconds = 20;

    // What reading any file takes, and a record with its lists for every few bytes.
    private const long MemoryOfAnyFile = 16 << 20;
    private const int MemoryOfAByte = 40;

    private const byte Pop = (byte)'0';
    private const byte Build = (byte)'b';
    private const byte SetItem = (byte)'s';

    private static readonly byte[] One = Pickle.Tensor(Pickle.Storage("0", 1), 0, [1], [1]);
    private static readonly byte[] LongText = Pickle.Text(new string('k', 1 << 20));

    [TestMethod]
    public void Numbers_of_kept_values_may_fall_into_one_place_of_a_table()
    {
        // As many places as a hash table has that is filled with so many numbers.
        const int places = 75_431;
        byte[][] kept = [.. Enumerable.Range(0, 56_000).Select(i => (byte[])[.. Pickle.None, .. Pickle.Keep(unchecked((int)((uint)i * places))), Pop])];
        byte[] recalled = [.. Pickle.Recall(0), Pop];

        Assert.HasCount(1, Read([.. kept, .. Enumerable.Repeat(recalled, 400_000), WithOne()]));
    }

    [TestMethod]
    public void Attributes_are_a_dictionary_and_slots_and_no_more()
    {
        byte[] nothing = [.. Pickle.Tuple([.. Enumerable.Repeat(Pickle.None, 300_000)]), .. Pickle.Keep(0), Pop];
        byte[] inert = Pickle.Call(Pickle.Global("a", "B"), Pickle.EmptyTuple);

        Assert.HasCount(1, Read([nothing, inert, .. Enumerable.Repeat((byte[])[.. Pickle.Recall(0), Build], 300_000), [Pop], WithOne()]));
    }

    [TestMethod]
    public void Long_keys_are_not_hashed_over_and_over()
    {
        byte[] kept = [.. LongText, .. Pickle.Keep(0), Pop];
        byte[] used = [(byte)'}', .. Pickle.Recall(0), .. Pickle.None, SetItem, Pop];

        Assert.HasCount(1, Read([kept, .. Enumerable.Repeat(used, 150_000), WithOne()]));
    }

    [TestMethod]
    public void Values_of_one_type_name_it_once()
    {
        const int many = 100_000;
        byte[] kept = [.. Pickle.Global(new string('m', 100), new string('n', 100)), .. Pickle.Keep(0), Pop];
        byte[] value = [.. Pickle.Recall(0), .. Pickle.EmptyTuple, (byte)'R'];

        IReadOnlyList<CheckpointSection> sections = Read([kept, Pickle.Dictionary([.. Enumerable.Range(0, many).Select(i => ($"{i}", value))])]);

        Assert.HasCount(many, sections[0].Unreadable);
    }

    [TestMethod]
    public void Attributes_of_a_program_do_not_all_have_long_names()
    {
        byte[] inner = Pickle.Dictionary([.. Enumerable.Range(0, 100_000).Select(i => ($"{i}", Pickle.None))]);
        byte[] Module(byte[] attributes) => [.. Pickle.Global("__torch__", "M"), .. Pickle.EmptyTuple, 0x81, .. attributes, Build];

        Assert.HasCount(1, Read([Module(Pickle.Dictionary((new string('a', 100), Module(inner))))]));
    }

    [TestMethod]
    public void Storages_have_short_names()
    {
        byte[] storage = Pickle.Tuple(Pickle.Text("storage"), Pickle.Global("torch", "FloatStorage"), LongText, Pickle.Text("cpu"), Pickle.Number(1));

        string message = Assert.ThrowsExactly<InvalidDataException>(() => Read([storage, [(byte)'Q', Pop], WithOne()])).Message;

        StringAssert.Contains(message, "storage");
        Assert.IsLessThan(1000, message.Length);
    }

    [TestMethod]
    public void One_dictionary_may_stand_under_any_number_of_names()
    {
        const int many = 100_000;
        byte[] tensors =
        [
            .. One, .. Pickle.Keep(0), Pop,
            .. Pickle.Dictionary([.. Enumerable.Range(0, many).Select(i => ($"{i}", Pickle.Recall(0)))]), .. Pickle.Keep(1), Pop,
        ];

        IReadOnlyList<CheckpointSection> sections = Read([tensors, Pickle.Dictionary([.. Enumerable.Range(0, many).Select(i => ($"{i}", Pickle.Recall(1)))])]);

        Assert.HasCount(many + 1, sections);
        Assert.AreEqual("7", sections[8].Name);
        Assert.HasCount(many, sections[8].Tensors);
    }

    private static byte[] WithOne() => Pickle.Dictionary(("w", One));

    /// <summary>Reads an archive within the time and the memory that its length allows.</summary>
    private static IReadOnlyList<CheckpointSection> Read(byte[][] pieces)
    {
        byte[] content = PyTorchFiles.Archive(Pickle.Of(pieces), ("0", PyTorchFiles.Bytes(1)));
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("x.pth"), content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();

        using CheckpointFile file = CheckpointFile.Open(folder.File("x.pth"));

        Assert.IsLessThan(MostSeconds, watch.Elapsed.TotalSeconds);
        Assert.IsLessThan(MemoryOfAnyFile + MemoryOfAByte * (long)content.Length, GC.GetAllocatedBytesForCurrentThread() - before);
        return file.Sections;
    }
}
