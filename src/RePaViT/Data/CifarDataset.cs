using RePaViT.Data;
using RePaViT.IO;

namespace RePaViT;

/// <summary>
/// Reads the binary format of CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): records of one label (CIFAR-100: a coarse
/// one, then a fine one) of one byte and a 32 x 32 image of 1024 red, 1024 green and 1024 blue samples.
/// </summary>
public static class CifarDataset
{
    private const int Side = 32;
    private const int PlaneLength = Side * Side;
    private const int CoarseClasses = 20;
    private const int MaxNameBytes = 1 << 16;

    private static readonly string[] Cifar10Names =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    /// <summary>
    /// Reads a folder in the format of CIFAR-10. Train: <c>data_batch_*.bin</c>, or else <c>train.bin</c>. Test:
    /// <c>test_batch.bin</c>, or else <c>test.bin</c>.
    /// </summary>
    /// <param name="directory">
    /// The folder. Class names, one per line, are taken from <c>batches.meta.txt</c>, or else <c>classes.txt</c>, or
    /// else are those of CIFAR-10.
    /// </param>
    /// <param name="part">Which files to read.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The folder has no file of that part.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it and the place.</exception>
    public static InMemoryImageDataset ReadCifar10(string directory, DatasetPart part)
    {
        string[] patterns = DatasetFile.Choose<string[]>(
            part, train: ["data_batch_*.bin", "train.bin"], test: ["test_batch.bin", "test.bin"]);
        IReadOnlyList<string> names = ReadNames(directory, "batches.meta.txt", "classes.txt") ?? Cifar10Names;
        return Read(DatasetFile.Find(directory, patterns), names, hasCoarseLabel: false);
    }

    /// <summary>Reads <c>train.bin</c> or <c>test.bin</c> of a folder in the format of CIFAR-100; labels are the fine ones.</summary>
    /// <param name="directory">
    /// The folder. Class names, one per line, are taken from <c>fine_label_names.txt</c>, or else <c>classes.txt</c>,
    /// or else are the numbers 0 to 99.
    /// </param>
    /// <param name="part">Which file to read.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The folder has no file of that part.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it and the place.</exception>
    public static InMemoryImageDataset ReadCifar100(string directory, DatasetPart part)
    {
        string pattern = DatasetFile.Choose(part, train: "train.bin", test: "test.bin");
        IReadOnlyList<string> names =
            ReadNames(directory, "fine_label_names.txt", "classes.txt") ?? DatasetFile.NumberedClasses(100);
        return Read(DatasetFile.Find(directory, pattern), names, hasCoarseLabel: true);
    }

    private static InMemoryImageDataset Read(IEnumerable<string> paths, IReadOnlyList<string> names, bool hasCoarseLabel)
    {
        var images = new List<RgbImage>();
        var labels = new List<int>();
        foreach (string path in paths)
        {
            ReadFile(path, names.Count, hasCoarseLabel, images, labels);
        }

        return new InMemoryImageDataset(images, labels, names);
    }

    private static void ReadFile(string path, int classes, bool hasCoarseLabel, List<RgbImage> images, List<int> labels)
    {
        using FileStream file = SourceFile.Open(path);
        int labelBytes = hasCoarseLabel ? 2 : 1;
        byte[] record = new byte[labelBytes + 3 * PlaneLength];
        if (file.Length == 0 || file.Length % record.Length != 0)
        {
            throw new InvalidDataException(
                $"'{path}' has {file.Length} bytes: records of {record.Length} bytes are needed, at least one and all complete.");
        }

        for (long position = 0, end = file.Length; position < end; position += record.Length)
        {
            DatasetFile.Fill(file, record, path, position);
            if (hasCoarseLabel)
            {
                ThrowUnlessLabel(record[0], CoarseClasses, path, position);
            }

            ThrowUnlessLabel(record[labelBytes - 1], classes, path, position + labelBytes - 1);
            labels.Add(record[labelBytes - 1]);
            images.Add(Interleave(record.AsSpan(labelBytes)));
        }
    }

    private static void ThrowUnlessLabel(byte label, int classes, string path, long position)
    {
        if (label >= classes)
        {
            throw new InvalidDataException(
                $"'{path}' has label {label} at byte {position}: a number below {classes}, the number of classes, is needed.");
        }
    }

    private static RgbImage Interleave(ReadOnlySpan<byte> planes)
    {
        byte[] pixels = new byte[3 * PlaneLength];
        for (int i = 0; i < PlaneLength; i++)
        {
            pixels[3 * i] = planes[i];
            pixels[3 * i + 1] = planes[PlaneLength + i];
            pixels[3 * i + 2] = planes[2 * PlaneLength + i];
        }

        return new RgbImage(Side, Side, pixels);
    }

    /// <summary>The lines of the first of these files that exists; null if none does.</summary>
    private static string[]? ReadNames(string directory, params ReadOnlySpan<string> fileNames)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        foreach (string fileName in fileNames)
        {
            string path = Path.Combine(directory, fileName);
            if (!File.Exists(path))
            {
                continue;
            }

            using FileStream file = SourceFile.Open(path);
            if (file.Length > MaxNameBytes)
            {
                throw new InvalidDataException($"'{path}' is longer than {MaxNameBytes} bytes: one class name per line is needed.");
            }

            // CIFAR's own file ends with an empty line.
            string[] names = [.. ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)];
            return names.Length > 0 ? names : throw new InvalidDataException($"'{path}' has no class name.");
        }

        return null;
    }

    private static IEnumerable<string> ReadLines(FileStream file)
    {
        using var reader = new StreamReader(file);
        while (reader.ReadLine() is string line)
        {
            yield return line;
        }
    }
}
