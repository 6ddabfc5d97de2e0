namespace RePaViT;

/// <summary>What computes.</summary>
public enum Device
{
    /// <summary>An NVIDIA GPU where one can be used, otherwise the CPU.</summary>
    Auto,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,

    /// <summary>All cores of the CPU, without any native library.</summary>
    Cpu,
}
