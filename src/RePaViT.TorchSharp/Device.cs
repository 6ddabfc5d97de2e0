namespace RePaViT;

/// <summary>The device that computes.</summary>
public enum Device
{
    /// <summary>An NVIDIA GPU if one can be used, otherwise the CPU.</summary>
    Auto,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,

    /// <summary>All cores of the CPU, without any native library.</summary>
    Cpu,
}
