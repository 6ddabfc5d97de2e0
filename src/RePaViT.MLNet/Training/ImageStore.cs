using Microsoft.Win32.SafeHandles;
using RePaViT.Data;
using RePaViT.IO;

namespace RePaViT.MLNet.Training;

/// <summary>
/// Keeps decoded images, so that every epoch finds them ready: in memory up to a limit, the rest in a file that exists as
/// long as the store, however its process ends. Safe to use from several threads.
/// </summary>
internal sealed class ImageStore : IDisposable
{
    private const string NameStart = "images-";
    private const string NameEnd = ".cache";

    private readonly long _memoryLimit;
    private readonly string _filePath;
    private readonly SafeFileHandle _file;
    private long _memoryLength;
    private long _fileLength;

    /// <param name="folder">Where the file goes; it must exist.</param>
    /// <param name="memoryLimit">Bytes of pixels to hold in memory, at least 0.</param>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public ImageStore(string folder, long memoryLimit)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(memoryLimit);
        _memoryLimit = memoryLimit;

        // Opened even if memory should do: a folder that cannot be written is better found now than an hour later.
        (_filePath, _file) = Leftovers.CreateLocked(
            () => Path.Combine(folder, $"{NameStart}{Guid.NewGuid():N}{NameEnd}"), FileOptions.DeleteOnClose | FileOptions.RandomAccess);
        Leftovers.RemoveFiles(folder, $"{NameStart}*{NameEnd}", IsFileName, _filePath);
        RemoveName();
    }

    /// <summary>Whether a file has the name of a store's.</summary>
    public static bool IsFileName(string name)
        => name.StartsWith(NameStart, StringComparison.Ordinal)
        && name.EndsWith(NameEnd, StringComparison.Ordinal)
        && Guid.TryParseExact(name.AsSpan(NameStart.Length..^NameEnd.Length), "N", out _);

    /// <summary>Bytes of pixels in memory.</summary>
    public long MemoryLength => Math.Min(Interlocked.Read(ref _memoryLength), _memoryLimit);

    /// <summary>Bytes of pixels in the file.</summary>
    public long FileLength => Interlocked.Read(ref _fileLength);

    /// <summary>Stores an image; its pixels must not change afterwards.</summary>
    /// <exception cref="IOException">The file cannot hold it.</exception>
    public StoredImage Add(RgbImage image)
    {
        int length = image.Pixels.Length;
        ulong hash = PixelHash.Of(image);
        if (Interlocked.Add(ref _memoryLength, length) <= _memoryLimit)
        {
            return new StoredImage(image.Width, image.Height, image.Pixels, 0, hash);
        }

        Interlocked.Add(ref _memoryLength, -length);
        long offset = Interlocked.Add(ref _fileLength, length) - length;
        try
        {
            RandomAccess.Write(_file, image.Pixels.Span, offset);
        }
        catch (IOException exception)
        {
            throw new IOException(
                $"The image cache '{_filePath}' cannot grow beyond {offset} bytes: {exception.Message} "
                + $"Another {nameof(ImageClassificationRePaViTTrainer.Options.WorkspacePath)} may have more room.",
                exception);
        }

        return new StoredImage(image.Width, image.Height, null, offset, hash);
    }

    /// <summary>An image that <see cref="Add"/> stored.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public RgbImage Get(StoredImage image)
    {
        if (image.Pixels is ReadOnlyMemory<byte> pixels)
        {
            return new RgbImage(image.Width, image.Height, pixels);
        }

        byte[] samples = GC.AllocateUninitializedArray<byte>(3 * image.Width * image.Height);
        int length = RandomAccess.Read(_file, samples, image.Offset);
        return length == samples.Length
            ? new RgbImage(image.Width, image.Height, samples)
            : throw new IOException($"The image cache '{_filePath}' was changed by someone else.");
    }

    public void Dispose() => _file.Dispose();

    /// <summary>A file without a name goes with the handle, which a kill closes; Windows deletes it then by itself.</summary>
    private void RemoveName()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            File.Delete(_filePath);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A file system that needs the name as long as the file is open; closing removes it.
        }
    }
}

/// <summary>Where a store keeps an image.</summary>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
/// <param name="Pixels">The pixels; null if they are in the file.</param>
/// <param name="Offset">Where in the file they begin.</param>
/// <param name="Hash">A hash of the size and the pixels.</param>
internal readonly record struct StoredImage(int Width, int Height, ReadOnlyMemory<byte>? Pixels, long Offset, ulong Hash);
