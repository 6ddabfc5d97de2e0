namespace RePaViT.Benchmarks.Engines;

/// <summary>An engine, and where and in what it computes.</summary>
internal sealed partial record EngineChoice(EngineKind Kind, DeviceKind Device, Precision Precision)
{
    /// <exception cref="ArgumentException">The engine does not compute there, or not in that.</exception>
    /// <exception cref="NotSupportedException">The engine or the device is not there; the message says what is missing.</exception>
    public IBenchmarkEngine Create()
    {
        if (Kind == EngineKind.Managed)
        {
            return Device == DeviceKind.Cpu && Precision == Precision.Fp32
                ? new ManagedEngine()
                : throw new ArgumentException(
                    $"--device {Device} --precision {Precision} is not accepted: the managed engine computes on the CPU in fp32. --engine torchsharp does more.");
        }

        if (Device == DeviceKind.Cpu && Precision == Precision.Tf32)
        {
            throw new ArgumentException($"--precision {Precision} is not accepted: on the CPU there are fp32 and bf16.");
        }

        IBenchmarkEngine? engine = null;
        CreateTorchSharp(ref engine);
        return engine
            ?? throw new NotSupportedException("This build has no TorchSharp engine: build with -p:WithTorchSharp=true.");
    }

    /// <summary>Implemented in EngineChoice.TorchSharp.cs, which is compiled only where the build has TorchSharp.</summary>
    partial void CreateTorchSharp(ref IBenchmarkEngine? engine);
}

/// <summary>The engines.</summary>
internal enum EngineKind
{
    Managed,
    TorchSharp,
}

/// <summary>Where an engine computes.</summary>
internal enum DeviceKind
{
    Cpu,
    Cuda,
}

/// <summary>What products are computed in.</summary>
internal enum Precision
{
    Fp32,
    Tf32,
    Bf16,
}
