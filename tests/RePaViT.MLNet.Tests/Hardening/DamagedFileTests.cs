using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.ML;
using RePaViT.IO;
using RePaViT.MLNet.Saving;
using RePaViT.MLNet.Tests.Saving;
using RePaViT.MLNet.Tests.Support;
using RePaViT.Tests.Support;

namespace RePaViT.MLNet.Tests.Hardening;

/// <summary>Whatever is damaged in a file, it is read or refused and nothing else happens: models, texts in them, and images.</summary>
[TestClass]
public sealed class DamagedFileTests
{
    private const string Entry = @"TransformerChain\Transform_000\OnnxModel";
    private static readonly string[] Names = ["a", "b"];

    // A WebP file of one color needs no byte more for more pixels: what bounds its memory is this.
    private static readonly ImageDecoding Decoding = new() { MaxPixels = 1 << 20 };

    private static readonly ImagePreprocessing Reduced = new() { ReducedSide = 2, Decoding = Decoding };

    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    public void Models_of_ML_NET()
        => new DamagedReading("model", [Saved(), Archive(Network()), Network()], Open).Run(4_000);

    [TestMethod]
    public void Networks_in_models_of_ML_NET()
        => new DamagedReading("network", [Network()], (bytes, folder) => Open(Archive(bytes), folder)).Run(4_000);

    [TestMethod]
    public void Metadata_of_models()
    {
        string json = ModelMetadata.Of(TestModel.CreateTransformer(_context, Names)).ToEntry().Value;
        OfText("metadata", text => ModelMetadata.FromJson(text).CreateClasses(["1", "2"]), json, json.Replace("ReadOnlyMemory\\u00601", "Int32", StringComparison.Ordinal))
            .Run(10_000);
    }

    [TestMethod]
    public void Preparations_in_models()
        => OfText("preparation", text => Preparation.FromJson(text.AsMemory()), PreparationTests.Sample.ToJson()).Run(10_000);

    [TestMethod]
    public void Vocabularies_of_CLIP()
    {
        const string Merges = "#version: 0.2\na b\nab c</w>\n! !</w>\n";
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Merges));
        }

        new DamagedReading("vocabulary", [Encoding.UTF8.GetBytes(Merges), packed.ToArray()], (bytes, folder) =>
        {
            string path = folder.File("vocabulary");
            File.WriteAllBytes(path, bytes);
            ClipTokenizer.Load(path).Encode("abc, and a b!!");
        }) { MemoryLimit = 64 << 20 }.Run(6_000);
    }

    [TestMethod]
    [DataRow("PNG")]
    [DataRow("JPEG")]
    [DataRow("WebP")]
    [DataRow("GIF")]
    [DataRow("BMP")]
    [DataRow("ICO")]
    [DataRow("WBMP")]
    public void Images(string format)
    {
        IEnumerable<byte[]> good = ImageFiles.All.Where(file => file.Key.StartsWith(format, StringComparison.Ordinal)).Select(file => file.Value);
        if (OrientedFiles.Formats.Contains(format))
        {
            good = good.Concat([OrientedFiles.Create(format, 6), OrientedFiles.Create(format, 3, isLittleEndian: false)]);
        }

        new DamagedReading($"image {format}", [.. good], (bytes, _) =>
        {
            RgbImage image = ImageFile.Decode(bytes, Decoding);
            Assert.AreEqual(3 * image.Width * image.Height, image.Pixels.Length);
            ImageFile.Decode(bytes, Reduced);
        }).Run(20_000);
    }

    /// <summary>Where a checksum does not tell before: in what the chunks of a PNG file hold.</summary>
    [TestMethod]
    public void Images_behind_their_checksums()
    {
        byte[][] good = [.. ImageFiles.All.Where(file => file.Key.StartsWith("PNG", StringComparison.Ordinal)).Select(file => file.Value), OrientedFiles.Create("PNG", 6)];
        new DamagedReading("image PNG with checksums", good, (bytes, _) =>
        {
            const int Frame = 12;
            for (long start = 8; start <= bytes.Length - Frame;)
            {
                uint length = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan((int)start));
                if (length <= bytes.Length - start - Frame)
                {
                    Span<byte> chunk = bytes.AsSpan((int)start + 4, (int)length + 8);
                    BinaryPrimitives.WriteUInt32BigEndian(chunk[^4..], Crc32.Compute(chunk[..^4]));
                }

                start += Frame + length;
            }

            ImageFile.Decode(bytes, Decoding);
        }).Run(20_000);
    }

    private static DamagedReading OfText(string name, Action<string> read, params string[] good)
        => new(name, [.. good.Select(Encoding.UTF8.GetBytes)], (bytes, _) => read(Encoding.UTF8.GetString(bytes)));

    /// <summary>As a classifier and as a featurizer; what one refuses may be for the other.</summary>
    private void Open(byte[] bytes, TemporaryFolder folder)
    {
        string path = folder.File("model");
        File.WriteAllBytes(path, bytes);
        try
        {
            _context.Transforms.RePaViTFeaturizer("Features", "Image", path);
            _context.Model.LoadRePaViT(path);
        }
        catch (InvalidDataException exception)
        {
            StringAssert.StartsWith(exception.Message, path, StringComparison.Ordinal);
            throw;
        }
    }

    private byte[] Network()
    {
        using var folder = new TemporaryFolder();
        TestModel.CreateTransformer(_context, Names).SaveAsOnnx(folder.File("model"));
        return File.ReadAllBytes(folder.File("model"));
    }

    private byte[] Saved()
    {
        using var folder = new TemporaryFolder();
        IDataView rows = _context.Data.LoadFromEnumerable(ImageRow.Create(1, Names));
        _context.Model.Save(TestModel.CreateTransformer(_context, Names), rows.Schema, folder.File("model"));
        return File.ReadAllBytes(folder.File("model"));
    }

    /// <summary>What ML.NET would make of it, but for everything else that a model has.</summary>
    private static byte[] Archive(byte[] network)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            using Stream entry = archive.CreateEntry(Entry, CompressionLevel.NoCompression).Open();
            byte[] length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, network.Length);
            entry.Write(length);
            entry.Write(network);
        }

        return stream.ToArray();
    }
}
