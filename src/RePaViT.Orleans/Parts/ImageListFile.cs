using System.Text;
using RePaViT.IO;

namespace RePaViT.Cluster.Parts;

/// <summary>A text file with the path of an image on each line. Memory holds what one part needs, however long it is.</summary>
internal static class ImageListFile
{
    private const int LongestLine = 1 << 16;
    private const int BufferSize = 1 << 20;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Counts the images and finds out where parts begin.</summary>
    /// <param name="path">The list.</param>
    /// <param name="imagesPerPart">Images of a part.</param>
    /// <returns>The images, and where each part begins, in bytes, with the length of the list at the end.</returns>
    /// <exception cref="InvalidDataException">A line is too long for a path.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static (long Images, long[] Offsets) Index(string path, int imagesPerPart)
    {
        using FileStream file = SourceFile.Open(path);
        byte[] buffer = new byte[BufferSize];
        var offsets = new List<long>();
        (long images, long position, long lineStart, bool isBlank) = (0, 0, 0, true);
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            int start = position == 0 && buffer.AsSpan(0, read).StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
            for (int i = start; i < read; i++)
            {
                byte value = buffer[i];
                if (value > ' ' && isBlank)
                {
                    isBlank = false;
                    if (images++ % imagesPerPart == 0)
                    {
                        offsets.Add(lineStart);
                    }
                }
                else if (value == '\n')
                {
                    (lineStart, isBlank) = (position + i + 1, true);
                }
                else if (position + i - lineStart > LongestLine)
                {
                    throw new InvalidDataException(
                        $"'{path}' has a line of more than {LongestLine} bytes after {images} images: "
                            + "the path of an image on each line is needed.");
                }
            }

            position += read;
        }

        offsets.Add(position);
        return (images, [.. offsets]);
    }

    /// <summary>The paths of a part, as the list has them.</summary>
    /// <exception cref="InvalidDataException">The list has changed.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string[] Read(PartWork work)
    {
        using FileStream file = SourceFile.Open(work.ImageList);
        string[] paths = [];
        if (file.Length == work.ListLength)
        {
            byte[] bytes = new byte[work.End - work.Start];
            file.Position = work.Start;
            file.ReadExactly(bytes);

            // Elsewhere it is part of a name.
            int mark = work.Start == 0 && bytes.AsSpan().StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
            paths =
            [
                .. Encoding.UTF8.GetString(bytes.AsSpan(mark)).Split('\n')
                    .Select(line => line.TrimEnd('\r'))
                    .Where(line => line.AsSpan().ContainsAnyExceptInRange('\0', ' ')),
            ];
        }

        return paths.Length == work.Images
            ? paths
            : throw new InvalidDataException($"'{work.ImageList}' has changed since the job began: it must stay as it was.");
    }
}
