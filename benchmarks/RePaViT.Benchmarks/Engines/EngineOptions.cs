using System.CommandLine;

namespace RePaViT.Benchmarks.Engines;

/// <summary>The options by which verbs name an engine, and where and in what it computes.</summary>
internal sealed class EngineOptions
{
    private readonly Option<EngineKind> _engine = new("--engine") { Description = "managed or torchsharp." };

    private readonly Option<DeviceKind> _device = new("--device") { Description = "cpu or cuda." };

    private readonly Option<Precision> _precision = new("--precision")
    {
        Description = "fp32, tf32 (32-bit floats, whose products on a GPU keep 10 bits of fraction) or bf16.",
    };

    public EngineOptions(Command command)
    {
        command.Add(_engine);
        command.Add(_device);
        command.Add(_precision);
    }

    public EngineChoice Read(ParseResult commandLine)
        => new(commandLine.GetValue(_engine), commandLine.GetValue(_device), commandLine.GetValue(_precision));
}
