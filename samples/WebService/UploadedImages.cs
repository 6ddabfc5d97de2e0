using System.Diagnostics.CodeAnalysis;

namespace RePaViT.WebService;

/// <summary>Makes images of what is sent: a file as the body, or as the one file of a form.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The semaphore lives as long as the process, and no handle of it is asked for.")]
internal sealed class UploadedImages(ServiceOptions options, RePaViTModel model)
{
    // A small file may hold many pixels: no more files are decoded at once than there are processors, so that memory is bounded.
    private readonly SemaphoreSlim _decoders = new(Environment.ProcessorCount);

    /// <summary>Reads and decodes the image of a request.</summary>
    /// <exception cref="BadHttpRequestException">There is no image, more than one, or it is too large.</exception>
    /// <exception cref="InvalidDataException">It is not an image that can be read; the message says which can.</exception>
    /// <exception cref="TimeoutException">Too many others are being decoded.</exception>
    public async Task<RgbImage> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        byte[] file = request.HasFormContentType
            ? await ReadFormAsync(request, cancellationToken)
            : await ReadBytesAsync(request.Body, cancellationToken);
        if (!await _decoders.WaitAsync(options.Deadline, cancellationToken))
        {
            throw new TimeoutException();
        }

        try
        {
            return ImageFile.Decode(file, model.Preprocessing.Decoding);
        }
        finally
        {
            _decoders.Release();
        }
    }

    private async Task<byte[]> ReadFormAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        IFormFileCollection files;
        try
        {
            files = (await request.ReadFormAsync(cancellationToken)).Files;
        }
        catch (Exception exception) when (exception is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw new BadHttpRequestException($"The form cannot be read: {exception.Message}");
        }

        if (files.Count != 1)
        {
            throw new BadHttpRequestException($"The form has {files.Count} files: one image is needed.");
        }

        await using Stream file = files[0].OpenReadStream();
        return await ReadBytesAsync(file, cancellationToken);
    }

    private async Task<byte[]> ReadBytesAsync(Stream source, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        byte[] buffer = new byte[1 << 16];
        for (int read; (read = await source.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > options.MaxImageBytes)
            {
                throw new BadHttpRequestException(
                    $"The image file is too large: at most {options.MaxImageBytes} bytes are accepted.", StatusCodes.Status413PayloadTooLarge);
            }
        }

        return bytes.ToArray();
    }
}
