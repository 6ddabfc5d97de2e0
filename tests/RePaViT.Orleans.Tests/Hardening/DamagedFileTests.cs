using System.Text;
using RePaViT.Cluster.Parts;
using RePaViT.Tests.Support;

namespace RePaViT.Cluster.Tests.Hardening;

/// <summary>Lists of anything: what can be counted can be read, part by part.</summary>
[TestClass]
public sealed class DamagedFileTests
{
    [TestMethod]
    public void Lists_of_images() => new DamagedReading("image list", [.. Lists.Select(Encoding.UTF8.GetBytes)], (bytes, folder) =>
    {
        string path = folder.File("list.txt");
        File.WriteAllBytes(path, bytes);
        for (int size = 1; size <= 3; size++)
        {
            (long images, long[] offsets) = Index(path, size);
            for (int part = 0; part < offsets.Length - 1; part++)
            {
                int count = (int)Math.Min(size, images - part * size);
                var work = new PartWork(part, path, offsets[part], offsets[part + 1], offsets[^1], part * size, count, "/results", IsJoin: false);
                try
                {
                    Assert.HasCount(count, ImageListFile.Read(work));
                }
                catch (InvalidDataException exception)
                {
                    throw new AssertFailedException("What was counted cannot be read.", exception);
                }
            }
        }
    }).Run(4_000);

    private static string[] Lists =>
    [
        "a.png\nb.png\nc.png\nd.png\n",
        "\uFEFFa\r\nb\r\n\r\n \r\n größe/図.png\r\ne",
        "\n\n\uFEFFa\nb\n\uFEFF\n\nd\n\n\n",
        new string('x', 1 << 17) + "\na\n",
    ];

    private static (long Images, long[] Offsets) Index(string path, int size)
    {
        try
        {
            return ImageListFile.Index(path, size);
        }
        catch (InvalidDataException exception)
        {
            StringAssert.Contains(exception.Message, path, StringComparison.Ordinal);
            throw;
        }
    }
}
