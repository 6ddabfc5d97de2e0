namespace RePaViT.Benchmarks.Engines;

/// <content>Compiled only where the build has TorchSharp.</content>
internal sealed partial record EngineChoice
{
    partial void CreateTorchSharp(ref IBenchmarkEngine? engine) => engine = new TorchSharpEngine(Device, Precision);
}
