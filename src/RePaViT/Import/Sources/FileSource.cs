using RePaViT.Import.Files;

namespace RePaViT.Import.Sources;

/// <summary>A file on disk.</summary>
internal sealed class FileSource(string path) : PretrainedSource
{
    internal override string Name => path;

    internal override CheckpointFile Open(CancellationToken cancellationToken) => CheckpointFile.Open(path);

    internal override PretrainedConfiguration ReadConfiguration() => PretrainedConfiguration.ReadBeside(path);
}
