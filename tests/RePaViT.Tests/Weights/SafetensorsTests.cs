using System.Buffers.Binary;
using System.Text;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Weights;

[TestClass]
public sealed class SafetensorsTests
{
    private static NamedTensors Sample()
    {
        return new NamedTensors
        {
            { "z", new WeightTensor([1, -2.5f, float.Epsilon, float.NaN, float.PositiveInfinity, -0f], 2, 3) },
            { "empty", new WeightTensor([], 4, 0) },
            { "scalar", new WeightTensor([7]) },
            { "ä \"quoted\"", new WeightTensor([8, 9], 2) },
        };
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void What_is_written_is_read_back_to_the_bit(bool throughPath)
    {
        NamedTensors tensors = Sample();
        var metadata = new Dictionary<string, string> { ["config"] = "{\"a\": 1}", ["b"] = "" };

        SafetensorsFile file;
        if (throughPath)
        {
            using var folder = new TemporaryFolder();
            string path = folder.File("a.safetensors");
            Safetensors.Write(path, tensors, metadata);
            file = Safetensors.Read(path);
        }
        else
        {
            using var stream = new MemoryStream();
            stream.Write("before"u8);
            Safetensors.Write(stream, tensors, metadata);
            stream.Position = "before"u8.Length;
            file = Safetensors.Read(stream);
        }

        CollectionAssert.AreEquivalent(metadata, file.Metadata.ToDictionary());
        CollectionAssert.AreEqual(tensors.Select(tensor => tensor.Key).ToArray(), file.Tensors.Select(tensor => tensor.Key).ToArray());
        foreach ((string name, WeightTensor tensor) in tensors)
        {
            CollectionAssert.AreEqual(tensor.Shape.ToArray(), file.Tensors[name].Shape.ToArray());
            CollectionAssert.AreEqual(Bits(tensor), Bits(file.Tensors[name]), name);
        }

        static int[] Bits(WeightTensor tensor) => [.. tensor.Data.ToArray().Select(BitConverter.SingleToInt32Bits)];
    }

    [TestMethod]
    public void The_bytes_are_those_of_the_format()
    {
        var tensors = new NamedTensors
        {
            { "b", new WeightTensor([1, 2], 2, 1) },
            { "a", new WeightTensor([-1]) },
        };
        using var stream = new MemoryStream();
        Safetensors.Write(stream, tensors, new Dictionary<string, string> { ["y"] = "2", ["x"] = "1" });

        const string Header =
            """{"__metadata__":{"x":"1","y":"2"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}""";
        string padded = Header.PadRight((Header.Length + 7) / 8 * 8);
        CollectionAssert.AreEqual(Bytes(padded, [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x80, 0xbf]), stream.ToArray());
    }

    [TestMethod]
    [DataRow("F32", "0000c0bf", -1.5f)]
    [DataRow("F16", "00be", -1.5f)]
    [DataRow("F16", "0100", 5.9604645e-8f)]
    [DataRow("BF16", "c0bf", -1.5f)]
    [DataRow("BF16", "0100", 9.1835e-41f)]
    [DataRow("F64", "000000000000f8bf", -1.5f)]
    [DataRow("F64", "000000000000f07f", float.PositiveInfinity)]
    [DataRow("I64", "feffffffffffffff", -2f)]
    [DataRow("I64", "ffffffffffffff7f", 9223372036854775807f)]
    public void Other_types_become_floats(string type, string bytes, float expected)
    {
        byte[] data = Convert.FromHexString(bytes);
        string header = $$$"""{"x":{"dtype":"{{{type}}}","shape":[2],"data_offsets":[0,{{{2 * data.Length}}}]}}""";

        WeightTensor tensor = Read(Bytes(header, [.. data, .. data])).Tensors["x"];

        CollectionAssert.AreEqual(new[] { expected, expected }, tensor.Data.ToArray());
    }

    [TestMethod]
    public void Conversion_reaches_over_blocks()
    {
        const int Length = 40_000;
        var data = new byte[Length * 8];
        for (int i = 0; i < Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(data.AsSpan(i * 8), i);
        }

        string header = $$$"""{"x":{"dtype":"I64","shape":[{{{Length}}}],"data_offsets":[0,{{{data.Length}}}]}}""";
        CollectionAssert.AreEqual(
            Enumerable.Range(0, Length).Select(i => (float)i).ToArray(), Read(Bytes(header, data)).Tensors["x"].Data.ToArray());
    }

    [TestMethod]
    public void Tiny_tensors_take_little_memory_each()
    {
        const int Count = 10_000;
        string header = string.Join(',', Enumerable.Range(0, Count).Select(
            i => $"\"{i}\":{{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[{2 * i},{2 * i + 2}]}}"));
        byte[] file = Bytes($"{{{header}}}", new byte[2 * Count]);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.AreEqual(Count, Read(file).Tensors.Count);

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.IsLessThan(2000 * Count, allocated);
    }

    [TestMethod]
    public void The_reference_files_open()
    {
        SafetensorsFile vit = Fixture.Read("vit_idle075");
        CollectionAssert.AreEqual(new[] { 4, 3, 32, 32 }, vit.Tensors["input"].Shape.ToArray());
        Assert.IsTrue(vit.Metadata["config"].Contains("\"family\": \"vit\"", StringComparison.Ordinal));
        Assert.AreEqual(0, vit.Tensors["state.blocks.0.mlp.norm1.num_batches_tracked"].Shape.Length);

        SafetensorsFile cosine = Fixture.Read("cosine");
        Assert.AreEqual(300, cosine.Tensors["lr"].Length);
        Assert.AreEqual(1e-6f, cosine.Tensors["lr"].Data[0]);
    }

    [TestMethod]
    [DataRow("", "header")]
    [DataRow("null", "null")]
    [DataRow("[]", "header")]
    [DataRow("{", "header")]
    [DataRow("{\"a\":null}", "null")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", "more")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", "data_offsets")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":null,\"data_offsets\":[0,4]}}", "shape")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[[1]],\"data_offsets\":[0,4]}}", "shape")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", "offsets")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", "offsets")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", "'a'")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", "'a'")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", "'a'")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", "-1")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1,-1],\"data_offsets\":[0,4]}}", "-1")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967297],\"data_offsets\":[0,4]}}", "shape")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647,2147483647],\"data_offsets\":[0,4]}}", "'a'")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536,65536,65536],\"data_offsets\":[0,4]}}", "'a'")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,9223372036854775807]}}", "'a'")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,0]}}", "'a'")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "header")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "'b'")]
    [DataRow("{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[2,4]}}", "'a'")]
    [DataRow("{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", "cover 2 bytes")]
    [DataRow("{}", "cover 0 bytes")]
    [DataRow("{\"\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "no name")]
    [DataRow("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}", "F8_E4M3")]
    [DataRow("{\"__metadata__\":{\"k\":null},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "'k'")]
    [DataRow("{\"__metadata__\":{\"k\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "header")]
    [DataRow("{\"\\ud800\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", "header")]
    [DataRow("{\"a\":{\"dtype\":\"\\ud800\",\"shape\":[1],\"data_offsets\":[0,4]}}", "header")]
    public void A_wrong_header_is_refused(string header, string named)
    {
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => Read(Bytes(header, new byte[4])));
        StringAssert.Contains(exception.Message, named, StringComparison.Ordinal);
    }

    [TestMethod]
    public void Nesting_without_end_is_refused()
        => Assert.ThrowsExactly<InvalidDataException>(() => Read(Bytes($"{{\"a\":{new string('[', 100_000)}", [])));

    [TestMethod]
    [DataRow(ulong.MaxValue)]
    [DataRow((ulong)long.MaxValue)]
    [DataRow(1000ul)]
    public void A_header_longer_than_the_file_is_refused(ulong length)
    {
        byte[] bytes = Bytes("{}", []);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => Read(bytes));
        StringAssert.Contains(exception.Message, length.ToString(), StringComparison.Ordinal);
    }

    [TestMethod]
    public void Every_truncation_and_every_damaged_byte_gives_a_refusal_or_tensors()
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, Sample(), new Dictionary<string, string> { ["k"] = "v" });
        byte[] bytes = stream.ToArray();

        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.ThrowsExactly<InvalidDataException>(() => Read(bytes[..length]), $"{length} bytes");
        }

        foreach (byte damage in (byte[])[0x01, 0x10, 0x80, 0xff])
        {
            Damage.EveryByte(bytes, damage, damaged => Read(damaged));
        }
    }

    [TestMethod]
    public void Messages_name_the_file()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("broken.safetensors");
        File.WriteAllBytes(path, [1, 2, 3]);
        var exception = Assert.ThrowsExactly<InvalidDataException>(() => Safetensors.Read(path));
        StringAssert.Contains(exception.Message, path, StringComparison.Ordinal);
    }

    [TestMethod]
    public void Wrong_arguments_are_refused_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("a.safetensors");
        var reserved = new NamedTensors { { "__metadata__", new WeightTensor([1], 1) } };
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(path, reserved));
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(path, [], new Dictionary<string, string> { ["a"] = null! }));
        Assert.ThrowsExactly<ArgumentNullException>(() => Safetensors.Write(path, null!));
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Read(" "));
        using var readOnly = new MemoryStream([], writable: false);
        Assert.ThrowsExactly<ArgumentException>(() => Safetensors.Write(readOnly, []));
        Assert.IsFalse(folder.FileNames.Any());
    }

    private static SafetensorsFile Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return Safetensors.Read(stream);
    }

    private static byte[] Bytes(string header, ReadOnlySpan<byte> data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)json.Length);
        return [.. prefix, .. json, .. data];
    }
}
