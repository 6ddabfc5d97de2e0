using System.Runtime.InteropServices;

namespace RePaViT.Torch;

/// <summary>What to do, and what to say, when the memory of a device does not suffice.</summary>
internal static class DeviceMemory
{
    /// <summary>Computes something that must not be done twice.</summary>
    /// <param name="need">What the memory is for: the end of "too little memory for".</param>
    /// <param name="remedy">What takes less memory: the end of a sentence.</param>
    /// <param name="compute">The work.</param>
    /// <exception cref="InsufficientMemoryException">libtorch could not allocate what the work needs.</exception>
    public static T Compute<T>(string need, string remedy, Func<T> compute)
    {
        try
        {
            return compute();
        }
        catch (ExternalException failure) when (IsOutOfMemory(failure.Message))
        {
            throw new InsufficientMemoryException(
                $"The device has too little memory for {need}: {remedy}. "
                + $"libtorch says: {failure.Message.Split('\n')[0].Trim()}",
                failure);
        }
    }

    /// <summary>
    /// Computes something that can be started again. Memory that is no longer referenced, such as the weights of a model
    /// that is no longer used, keeps its memory until the garbage collector comes; where memory is short, it is called.
    /// </summary>
    /// <inheritdoc cref="Compute"/>
    public static T ComputeRepeatable<T>(string need, string remedy, Func<T> compute)
    {
        try
        {
            return compute();
        }
        catch (ExternalException failure) when (IsOutOfMemory(failure.Message))
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        return Compute(need, remedy, compute);
    }

    // Of a GPU's allocator, of cuBLAS, and of the CPU's.
    private static bool IsOutOfMemory(string message)
        => message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || message.Contains("CUBLAS_STATUS_ALLOC_FAILED", StringComparison.Ordinal)
            || message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase);
}
