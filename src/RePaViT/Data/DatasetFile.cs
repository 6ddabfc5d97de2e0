using System.Globalization;

namespace RePaViT.Data;

/// <summary>What the readers of data sets share: finding files, and reading them without trusting their lengths.</summary>
internal static class DatasetFile
{
    public static T Choose<T>(DatasetPart part, T train, T test) => part switch
    {
        DatasetPart.Train => train,
        DatasetPart.Test => test,
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "Train or Test is needed."),
    };

    /// <summary>The files, in order of their names, of the first pattern that has any.</summary>
    /// <exception cref="FileNotFoundException">No pattern has one.</exception>
    public static string[] Find(string directory, params ReadOnlySpan<string> patterns)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        foreach (string pattern in patterns)
        {
            string[] paths = Directory.GetFiles(directory, pattern);
            if (paths.Length > 0)
            {
                Array.Sort(paths, StringComparer.Ordinal);
                return paths;
            }
        }

        throw new FileNotFoundException($"'{directory}' has no file named {string.Join(" or ", patterns)}.");
    }

    /// <summary>Fills a buffer from a stream.</summary>
    /// <exception cref="InvalidDataException">The stream ends too early, or its gzip data are damaged.</exception>
    public static void Fill(Stream stream, Span<byte> buffer, string path, long position)
    {
        int read = Read(stream, buffer, path, position);
        if (read < buffer.Length)
        {
            throw new InvalidDataException(
                $"'{path}' ends at byte {position + read}: {buffer.Length} bytes are needed from byte {position} on.");
        }
    }

    /// <summary>Reads up to the end of the buffer or the stream, and returns how many bytes.</summary>
    /// <exception cref="InvalidDataException">The gzip data are damaged.</exception>
    public static int Read(Stream stream, Span<byte> buffer, string path, long position)
    {
        try
        {
            return stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        }
        catch (InvalidDataException damage)
        {
            throw new InvalidDataException($"'{path}' is damaged gzip data after byte {position} of its content.", damage);
        }
    }

    /// <summary>Names for classes that have none: their numbers.</summary>
    public static string[] NumberedClasses(int count)
        => [.. Enumerable.Range(0, count).Select(label => label.ToString(CultureInfo.InvariantCulture))];
}
