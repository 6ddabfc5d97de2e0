using System.Diagnostics;
using RePaViT.Import.Files;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Import;

/// <summary>Pickles that no well-meaning program writes: nothing is executed, and neither time nor memory goes beyond the file.</summary>
[TestClass]
public sealed class HostilePickleTests
{
    // What reading any small file takes besides, most of it buffers.
    private const long MemoryOfAnyFile = 4 << 20;

    private static readonly byte[] One = Pickle.Tensor(Pickle.Storage("0", 1), 0, [1], [1]);

    public static IEnumerable<object[]> Code() =>
    [
        ["posix", "system"], ["os", "system"], ["nt", "system"], ["subprocess", "Popen"], ["builtins", "eval"], ["builtins", "exec"],
        ["__builtin__", "eval"], ["builtins", "getattr"], ["builtins", "__import__"], ["torch", "load"], ["torch.hub", "load"],
        ["torch._utils", "_import_dotted_name"], ["torch.storage", "_load_from_bytes"], ["numpy.core.multiarray", "_reconstruct"],
        ["runpy", "_run_code"], ["operator", "attrgetter"], ["functools", "partial"], ["pickle", "loads"], ["collections", "eval"],
    ];

    [TestMethod]
    [DynamicData(nameof(Code))]
    public void Code_is_a_name_and_nothing_else(string module, string name)
    {
        using var folder = new TemporaryFolder();
        byte[] call = Pickle.Call(Pickle.Global(module, name), Pickle.Tuple(Pickle.Text($"touch {folder.File("executed")}")));

        CheckpointSection section = Read(Pickle.Dictionary(("w", One), ("x", call)));

        Assert.AreEqual("w", section.Tensors.Single().Name);
        Assert.AreEqual($"{module}.{name}", section.Unreadable["x"]);
        Assert.IsEmpty(folder.FileNames);
        StringAssert.Contains(Refusal(call), $"{module}.{name}");
    }

    [TestMethod]
    public void What_code_would_have_made_cannot_be_called()
    {
        byte[] attribute = Pickle.Call(Pickle.Global("builtins", "getattr"), Pickle.Tuple(Pickle.Global("os", "path"), Pickle.Text("os")));
        byte[] chain = Pickle.Call(attribute, Pickle.Tuple(Pickle.Text("system")));

        StringAssert.Contains(Refusal(chain), "'builtins.getattr' is called");
        StringAssert.Contains(Refusal(Pickle.Call(Pickle.Text("eval"), Pickle.EmptyTuple)), "a string is called");
        StringAssert.Contains(Refusal(Pickle.Call(Pickle.List(), Pickle.EmptyTuple)), "a list is called");
    }

    [TestMethod]
    public void Objects_keep_the_name_of_their_type_and_their_attributes()
    {
        byte[] arguments =
        [
            .. Pickle.Global("argparse", "Namespace"), .. Pickle.EmptyTuple, 0x81,
            .. Pickle.Dictionary(("idle_ratio", [(byte)'G', 0x3f, 0xe8, 0, 0, 0, 0, 0, 0])), (byte)'b',
        ];
        using var folder = new TemporaryFolder();
        using CheckpointFile file = Open(folder, PyTorchFiles.Archive(Pickle.Of(Pickle.Dictionary(("w", One), ("args", arguments))), ("0", PyTorchFiles.Bytes(1))));

        Assert.AreEqual("argparse.Namespace", file.Sections[0].Unreadable["args"]);
        Assert.AreEqual(0.75, file.Settings["idle_ratio"]);
    }

    [TestMethod]
    public void Modules_of_a_TorchScript_archive_may_contain_themselves_and_each_other()
    {
        byte[] self = Module(Pickle.Dictionary(("w", One), ("self", Pickle.Recall(9))));
        CollectionAssert.AreEqual(new[] { "w" }, Names(self));

        byte[] nested = Module(Pickle.Dictionary(("w", One)), keep: 100);
        for (int depth = 0; depth < 60; depth++)
        {
            nested = Module(Pickle.Dictionary(("a", nested), ("b", Pickle.Recall(100 + depth))), keep: 101 + depth);
        }

        string[] names = Names(nested);
        Assert.HasCount(1, names);
        StringAssert.EndsWith(names[0], ".w");

        // The same attributes again and again.
        byte[] many = Module([(byte)'}', .. Pickle.Keep(7), .. Pickle.Text("w"), .. One, (byte)'s']);
        byte[] shared = Module(Pickle.Dictionary(
            [("first", many), .. Enumerable.Range(0, 1000).Select(i => ($"m{i}", Module(Pickle.Recall(7))))]));
        CollectionAssert.AreEqual(new[] { "first.w" }, Names(shared));

        static string[] Names(byte[] root) => [.. Read(root).Tensors.Select(tensor => tensor.Name)];
    }

    [TestMethod]
    public void Names_in_a_TorchScript_archive_have_an_end()
    {
        string half = new('x', 300);
        StringAssert.Contains(Refusal(Module(Pickle.Dictionary((half, Module(Pickle.Dictionary((half, One))))))), "128 characters");
    }

    [TestMethod]
    public void Containers_may_contain_themselves()
    {
        byte[] list = [(byte)']', .. Pickle.Keep(7), .. Pickle.Recall(7), (byte)'a'];
        byte[] dictionary = [(byte)'}', .. Pickle.Keep(8), .. Pickle.Text("self"), .. Pickle.Recall(8), (byte)'s', .. Pickle.Text("w"), .. One, (byte)'s'];

        Assert.AreEqual("w", Read(dictionary).Tensors.Single().Name);
        Assert.AreEqual("w", Read(Pickle.Dictionary(("w", One), ("x", list))).Tensors.Single().Name);
    }

    [TestMethod]
    public void Nesting_has_no_depth_that_is_too_deep()
    {
        byte[] lists = [(byte)']', .. Enumerable.Repeat((byte)0x85, 500_000)];

        Assert.AreEqual("w", Read(Pickle.Dictionary(("w", One), ("x", lists))).Tensors.Single().Name);
    }

    [TestMethod]
    public void Values_that_are_used_again_and_again_take_no_memory()
    {
        // Ten times ten times ten ..., were it written out.
        var pieces = new List<byte[]> { Pickle.List(Pickle.None), Pickle.Keep(0) };
        for (int i = 1; i < 60; i++)
        {
            pieces.Add([(byte)'0']);
            pieces.Add(Pickle.List([.. Enumerable.Repeat(Pickle.Recall(i - 1), 10)]));
            pieces.Add(Pickle.Keep(i));
        }

        Read(Pickle.Dictionary(("w", One), ("x", [.. pieces.SelectMany(piece => piece)])));

        // Dictionaries out of one list, over and over.
        byte[] pair = Pickle.Tuple(Pickle.Text("k"), Pickle.None);
        byte[] pairs = [.. Pickle.List([.. Enumerable.Repeat(pair, 1000)]), .. Pickle.Keep(0), (byte)'0'];
        byte[] again = [.. Pickle.Call(Pickle.Global("collections", "OrderedDict"), Pickle.Tuple(Pickle.Recall(0))), (byte)'0'];
        StringAssert.Contains(Refusal([.. pairs, .. Enumerable.Repeat(again, 1000).SelectMany(call => call)]), "too often");
    }

    [TestMethod]
    public void Instructions_without_end_are_refused()
    {
        var watch = Stopwatch.StartNew();

        StringAssert.Contains(Refusal([.. Enumerable.Repeat("N0"u8.ToArray(), 2_000_000).SelectMany(pair => pair)]), "instructions");
        StringAssert.Contains(Refusal([.. Enumerable.Repeat((byte)'}', 2_000_000)]), "instructions");

        Assert.IsLessThan(20, watch.Elapsed.TotalSeconds);
    }

    [TestMethod]
    [DataRow("58ffffff7f", "2147483647 bytes")]
    [DataRow("8dffffffffffffff7f", "9223372036854775807 bytes")]
    [DataRow("8dffffffffffffffff", "-1 bytes")]
    [DataRow("8e0000000000000010", "bytes")]
    [DataRow("8bffffffff", "-1 bytes")]
    [DataRow("54ffffffff", "-1 bytes")]
    [DataRow("58020000004e", "ends without")]
    [DataRow("5801000000ff", "not UTF-8")]
    public void Texts_are_not_longer_than_the_file(string bytes, string named)
        => StringAssert.Contains(Refusal(Convert.FromHexString(bytes)), named);

    [TestMethod]
    [DataRow("", "value that is missing")]
    [DataRow("4e4e", "left over")]
    [DataRow("28", "value that is missing")]
    [DataRow("2830", "value that is missing")]
    [DataRow("74", "value that is missing")]
    [DataRow("6807", "never stored")]
    [DataRow("71004e", "value that is missing")]
    [DataRow("4e61", "value that is missing")]
    [DataRow("4e4e61", "None")]
    [DataRow("4e4e4e73", "None")]
    [DataRow("7d284e75", "no value")]
    [DataRow("4e4e62", "None")]
    [DataRow("4e4e93", "not a string")]
    [DataRow("4e4e52", "not a tuple")]
    [DataRow("8006", "protocol 6")]
    [DataRow("82", "0x82")]
    [DataRow("69", "0x69")]
    [DataRow("6f", "0x6f")]
    [DataRow("97", "0x97")]
    [DataRow("50", "0x50")]
    [DataRow("630a", "ends without")]
    public void Nonsense_is_refused_at_its_place(string bytes, string named)
    {
        string message = Refusal(Convert.FromHexString(bytes));

        StringAssert.Contains(message, named);
        StringAssert.Contains(message, "offset");
    }

    [TestMethod]
    public void A_name_that_does_not_end_is_refused()
        => StringAssert.Contains(Refusal([(byte)'c', .. Enumerable.Repeat((byte)'a', 5000)]), "not a name");

    [TestMethod]
    [DataRow(0, new long[] { 5 }, new long[] { 1 }, "reaches outside")]
    [DataRow(1, new long[] { 4 }, new long[] { 1 }, "reaches outside")]
    [DataRow(0, new long[] { 2 }, new long[] { 4 }, "reaches outside")]
    [DataRow(0, new long[] { 2, 2 }, new long[] { 3, 1 }, "reaches outside")]
    [DataRow(0, new long[] { 2, 2 }, new[] { long.MaxValue, long.MaxValue }, "reaches outside")]
    [DataRow(long.MaxValue, new long[] { 1 }, new long[] { 1 }, "reaches outside")]
    [DataRow(-1, new long[] { 1 }, new long[] { 1 }, "reaches outside")]
    [DataRow(3, new long[] { 2 }, new long[] { -1 }, "out of range")]
    [DataRow(0, new long[] { -1 }, new long[] { 1 }, "out of range")]
    [DataRow(0, new[] { 1L << 40 }, new long[] { 0 }, "out of range")]
    [DataRow(0, new long[] { 1 << 30, 1 << 30, 1 << 30 }, new long[] { 0, 0, 0 }, "more than")]
    [DataRow(0, new long[] { 2 }, new long[] { }, "strides")]
    [DataRow(0, new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "sizes")]
    public void Tensors_lie_within_their_storages(long offset, long[] shape, long[] strides, string named)
        => StringAssert.Contains(Refusal(Pickle.Dictionary(("w", Pickle.Tensor(Pickle.Storage("0", 4), offset, shape, strides)))), named);

    [TestMethod]
    public void Storages_are_in_the_file()
    {
        StringAssert.Contains(Refusal(Pickle.Dictionary(("w", Pickle.Tensor(Pickle.Storage("0", 1000), 0, [1], [1])))), "16 bytes");
        StringAssert.Contains(Refusal(Pickle.Dictionary(("w", Pickle.Tensor(Pickle.Storage("0", long.MaxValue), 0, [1], [1])))), "16 bytes");
        StringAssert.Contains(Refusal(Pickle.Dictionary(("w", Pickle.Tensor(Pickle.Storage("0", -1), 0, [1], [1])))), "-1 elements");
        StringAssert.Contains(Refusal(Pickle.Dictionary(("w", Pickle.Tensor(Pickle.Storage("1", 1), 0, [1], [1])))), "'1' is not in the archive");
        StringAssert.Contains(Refusal(Pickle.Dictionary(("w", Pickle.Tensor(Pickle.Storage("0", 1, "system"), 0, [1], [1])))), "torch.system");
        StringAssert.Contains(
            Refusal(Pickle.Dictionary(("w", One), ("v", Pickle.Tensor(Pickle.Storage("0", 2, "HalfStorage"), 0, [1], [1])))), "twice");
    }

    [TestMethod]
    public void Memory_is_that_of_the_file()
    {
        // Tensors, dictionaries and texts, as small as they can be written.
        byte[] tensor = [.. Pickle.Recall(0), .. Pickle.Recall(1), (byte)'R', (byte)'0'];
        byte[] start =
        [
            .. Pickle.Global("torch._utils", "_rebuild_tensor_v2"), .. Pickle.Keep(0), (byte)'0',
            .. Pickle.Tuple(Pickle.Storage("0", 1), Pickle.Number(0), Pickle.Tuple(Pickle.Number(1)), Pickle.Tuple(Pickle.Number(1))), .. Pickle.Keep(1), (byte)'0',
        ];
        byte[] file = [.. start, .. Enumerable.Repeat(tensor, 200_000).SelectMany(bytes => bytes), .. Pickle.Dictionary(("w", One))];
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.AreEqual("w", Read(file).Tensors.Single().Name);

        // A record, and its sizes and strides, for every twelve bytes.
        Assert.IsLessThan(MemoryOfAnyFile + 40L * file.Length, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void Names_of_code_take_no_memory_for_each_value()
    {
        byte[] named = [.. Pickle.Recall(0), .. Pickle.EmptyTuple, (byte)'R', (byte)'0'];
        byte[] start = [.. Pickle.Global(new string('m', 120), new string('n', 120)), .. Pickle.Keep(0), (byte)'0'];
        byte[] file = [.. start, .. Enumerable.Repeat(named, 200_000).SelectMany(bytes => bytes), .. Pickle.Dictionary(("w", One))];
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.AreEqual("w", Read(file).Tensors.Single().Name);

        Assert.IsLessThan(MemoryOfAnyFile + 40L * file.Length, GC.GetAllocatedBytesForCurrentThread() - before);
        StringAssert.Contains(Refusal([.. Pickle.Text(new string('m', 600)), .. Pickle.Text("n"), 0x93]), "128 characters");
    }

    /// <summary>An object of a class that TorchScript made.</summary>
    private static byte[] Module(byte[] attributes, int keep = 9)
        => [.. Pickle.Global("__torch__", "Net"), .. Pickle.EmptyTuple, 0x81, .. Pickle.Keep(keep), .. attributes, (byte)'b'];

    private static CheckpointSection Read(byte[] content)
    {
        using var folder = new TemporaryFolder();
        using CheckpointFile file = Open(folder, PyTorchFiles.Archive(Pickle.Of(content), ("0", PyTorchFiles.Bytes(1, 2, 3, 4))));
        return file.Sections[0];
    }

    /// <summary>What both formats say of a pickle, without the place, which differs.</summary>
    private static string Refusal(byte[] content)
    {
        using var folder = new TemporaryFolder();
        var exception = Assert.ThrowsExactly<InvalidDataException>(
            () => Open(folder, PyTorchFiles.Archive(Pickle.Of(content), ("0", PyTorchFiles.Bytes(1, 2, 3, 4)))).Dispose());
        StringAssert.Contains(exception.Message, folder.File("x.pth"));
        Assert.ThrowsExactly<InvalidDataException>(() => Open(folder, PyTorchFiles.Legacy(Pickle.Of(content), ("0", [1, 2, 3, 4]))).Dispose());
        return exception.Message;
    }

    private static CheckpointFile Open(TemporaryFolder folder, byte[] content)
    {
        File.WriteAllBytes(folder.File("x.pth"), content);
        return CheckpointFile.Open(folder.File("x.pth"));
    }
}
