using System.CommandLine;

namespace RePaViT.Benchmarks;

/// <summary>The options by which verbs name a ViT that a CPU trains in minutes.</summary>
internal sealed class SmallNetworkOptions
{
    private const int ChannelsPerHead = 32;

    private readonly Option<int> _dim = new("--dim")
    {
        Description = $"Channels of a token, a multiple of {ChannelsPerHead}.", DefaultValueFactory = _ => 96,
    };

    private readonly Option<int> _depth;

    private readonly Option<int> _patch = new("--patch") { Description = "Pixels of a patch's side.", DefaultValueFactory = _ => 4 };

    private readonly Option<double> _idleRatio = new("--idle-ratio") { Description = "Share of idle channels.", DefaultValueFactory = _ => 0.75 };

    /// <param name="command">Gets the options.</param>
    /// <param name="depth">Number of blocks by default.</param>
    public SmallNetworkOptions(Command command, int depth)
    {
        _depth = new("--depth") { Description = "Number of blocks.", DefaultValueFactory = _ => depth };
        command.Add(_dim);
        command.Add(_depth);
        command.Add(_patch);
        command.Add(_idleRatio);
    }

    public ViTArchitecture Read(ParseResult commandLine, int imageSize) => new()
    {
        ImageSize = imageSize,
        PatchSize = commandLine.GetValue(_patch),
        Dim = commandLine.GetValue(_dim),
        Depth = commandLine.GetValue(_depth),
        Heads = Math.Max(1, commandLine.GetValue(_dim) / ChannelsPerHead),
        IdleRatio = commandLine.GetValue(_idleRatio),
    };
}
