using RePaViT.Import.Files;
using RePaViT.IO;

namespace RePaViT.Import.Sources;

/// <summary>A stream of somebody else.</summary>
internal sealed class StreamSource : PretrainedSource
{
    private readonly Stream _stream;

    /// <exception cref="ArgumentException">It cannot be read, or cannot seek.</exception>
    public StreamSource(Stream stream)
    {
        SourceFile.ThrowUnlessReadable(stream);
        _stream = stream;
    }

    internal override string Name => "a stream";

    internal override CheckpointFile Open(CancellationToken cancellationToken) => CheckpointFile.Open(_stream, Name);
}
