using System.Buffers.Binary;
using System.IO.Compression;
using RePaViT.Data;
using RePaViT.IO;

namespace RePaViT;

/// <summary>
/// Reads images and labels in the IDX format of MNIST (LeCun et al., 1998), compressed with gzip or not. Gray samples
/// become the same value of red, green and blue.
/// </summary>
public static class IdxDataset
{
    private const int ImagesMagic = 0x0803;
    private const int LabelsMagic = 0x0801;

    /// <summary>The format is for small images; a greater side is a damaged header.</summary>
    private const int MaxSide = 4096;

    // MNIST shrinks to a fifth, but gzip can hold a thousand times its own length of nothing. A set of hardly more than that
    // may be small, but not large.
    private const int MaxCompression = 100;
    private const long AnyLength = 8 << 20;

    // What an image takes beside its pixels, however few they are.
    private const int MinImageLength = 32;

    /// <summary>
    /// Reads a folder with the usual names: <c>train-images-idx3-ubyte</c> and <c>train-labels-idx1-ubyte</c>, or
    /// <c>t10k-*</c> for the test part, with <c>.idx3-ubyte</c> and <c>.gz</c> variants. Classes are named after their
    /// numbers.
    /// </summary>
    /// <param name="directory">The folder.</param>
    /// <param name="part">Which files to read.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The folder has no file of that part.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it and the place.</exception>
    public static InMemoryImageDataset Read(string directory, DatasetPart part)
    {
        string prefix = DatasetFile.Choose(part, train: "train", test: "t10k");
        return Read(
            DatasetFile.Find(directory, $"{prefix}-images*idx3-ubyte", $"{prefix}-images*idx3-ubyte.gz")[0],
            DatasetFile.Find(directory, $"{prefix}-labels*idx1-ubyte", $"{prefix}-labels*idx1-ubyte.gz")[0]);
    }

    /// <summary>Reads a file of images and the file of their labels.</summary>
    /// <param name="imagesPath">Unsigned bytes of three dimensions: images, rows, columns.</param>
    /// <param name="labelsPath">Unsigned bytes of one dimension: one label for each image.</param>
    /// <param name="classNames">
    /// Names of the classes; null for the numbers from 0 to 9, or to the greatest label if that is above 9.
    /// </param>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">A path is a folder, or may not be read.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names it and the place.</exception>
    public static InMemoryImageDataset Read(
        string imagesPath, string labelsPath, IReadOnlyList<string>? classNames = null)
    {
        using Content imageContent = Content.Open(imagesPath);
        using Content labelContent = Content.Open(labelsPath);
        int[] shape = imageContent.ReadHeader(ImagesMagic, dimensions: 3);
        int count = labelContent.ReadHeader(LabelsMagic, dimensions: 1)[0];
        if (shape[0] != count)
        {
            throw new InvalidDataException(
                $"'{imagesPath}' says that it has {shape[0]} images, but '{labelsPath}' says that it has {count} labels.");
        }

        ThrowUnlessPossible(imageContent, count, height: shape[1], width: shape[2]);
        List<int> labels = ReadLabels(labelContent, count);
        classNames ??= DatasetFile.NumberedClasses(Math.Max(10, labels.Max() + 1));
        int wrong = labels.FindIndex(label => label >= classNames.Count);
        if (wrong >= 0)
        {
            throw new InvalidDataException(
                $"'{labelsPath}' has label {labels[wrong]} for image {wrong}: "
                + $"a number below {classNames.Count}, the number of classes, is needed.");
        }

        List<RgbImage> images = ReadImages(imageContent, count, height: shape[1], width: shape[2]);
        return new InMemoryImageDataset(images, labels, classNames);
    }

    private static List<int> ReadLabels(Content content, int count)
    {
        content.ThrowUnlessPossible(count, count);
        var labels = new List<int>();
        Span<byte> label = stackalloc byte[1];
        for (int i = 0; i < count; i++)
        {
            content.Read(label);
            labels.Add(label[0]);
        }

        content.ThrowUnlessAtEnd();
        return labels;
    }

    private static void ThrowUnlessPossible(Content content, int count, int height, int width)
    {
        if (height > MaxSide || width > MaxSide)
        {
            throw new InvalidDataException(
                $"'{content.Path}' says that its images have {width} x {height} pixels: "
                + $"at most {MaxSide} x {MaxSide} are accepted.");
        }

        long pixels = (long)height * width;
        content.ThrowUnlessPossible(count * pixels, count * Math.Max(pixels, MinImageLength));
    }

    private static List<RgbImage> ReadImages(Content content, int count, int height, int width)
    {
        var images = new List<RgbImage>();
        byte[] gray = new byte[height * width];
        for (int i = 0; i < count; i++)
        {
            content.Read(gray);
            images.Add(Replicate(gray, width, height));
        }

        content.ThrowUnlessAtEnd();
        return images;
    }

    private static RgbImage Replicate(byte[] gray, int width, int height)
    {
        byte[] pixels = new byte[3 * gray.Length];
        for (int i = 0; i < gray.Length; i++)
        {
            pixels.AsSpan(3 * i, 3).Fill(gray[i]);
        }

        return new RgbImage(width, height, pixels);
    }

    /// <summary>The content of a file, decompressed if it is gzip.</summary>
    private sealed class Content : IDisposable
    {
        private readonly Stream _stream;
        private readonly long _fileLength;
        private readonly bool _isGzip;
        private long _position;

        private Content(string path, Stream stream, long fileLength, bool isGzip)
        {
            Path = path;
            _stream = stream;
            _fileLength = fileLength;
            _isGzip = isGzip;
        }

        public string Path { get; }

        public static Content Open(string path)
        {
            FileStream file = SourceFile.Open(path);
            bool isGzip = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            file.Position = 0;
            Stream stream = isGzip ? new BufferedStream(new GZipStream(file, CompressionMode.Decompress)) : file;
            return new Content(path, stream, file.Length, isGzip);
        }

        /// <summary>Reads the magic number, then the length of every dimension; none is 0.</summary>
        public int[] ReadHeader(int magic, int dimensions)
        {
            int found = ReadInt32();
            if (found != magic)
            {
                throw new InvalidDataException(
                    $"'{Path}' starts with 0x{found:X8}: IDX data of {dimensions} dimensions start with 0x{magic:X8}.");
            }

            int[] lengths = new int[dimensions];
            for (int i = 0; i < dimensions; i++)
            {
                lengths[i] = ReadInt32();
                if (lengths[i] < 1)
                {
                    throw new InvalidDataException(
                        $"'{Path}' has {(uint)lengths[i]} at byte {_position - 4}, as the length of dimension {i}: "
                        + $"a number from 1 to {int.MaxValue} is needed.");
                }
            }

            return lengths;
        }

        /// <summary>Refuses a header that promises more than the file can hold, before anything is allocated for it.</summary>
        /// <param name="remaining">Bytes that follow.</param>
        /// <param name="needed">Bytes that reading them takes, at least as many.</param>
        public void ThrowUnlessPossible(long remaining, long needed)
        {
            if (!_isGzip && remaining > _fileLength - _position)
            {
                throw new InvalidDataException(
                    $"'{Path}' says that {remaining} bytes follow its header, but it can hold {_fileLength - _position} at most.");
            }

            long limit = AnyLength + MaxCompression * _fileLength;
            if (_isGzip && needed > limit)
            {
                throw new InvalidDataException(
                    $"'{Path}' says that {remaining} bytes follow its header{(needed > remaining ? $", which take {needed} in memory" : "")}: "
                    + $"at most {limit} are accepted from {_fileLength} bytes of gzip data.");
            }
        }

        public void Read(Span<byte> buffer)
        {
            DatasetFile.Fill(_stream, buffer, Path, _position);
            _position += buffer.Length;
        }

        public void ThrowUnlessAtEnd()
        {
            // Reading on also makes gzip compare its checksum.
            if (DatasetFile.Read(_stream, stackalloc byte[1], Path, _position) > 0)
            {
                throw new InvalidDataException($"'{Path}' continues after byte {_position}, where it ends according to its header.");
            }
        }

        public void Dispose() => _stream.Dispose();

        private int ReadInt32()
        {
            Span<byte> bytes = stackalloc byte[4];
            Read(bytes);
            return BinaryPrimitives.ReadInt32BigEndian(bytes);
        }
    }
}
