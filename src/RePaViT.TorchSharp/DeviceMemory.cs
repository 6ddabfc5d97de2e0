using System.Runtime.InteropServices;

namespace RePaViT.Torch;

/// <summary>What to say when a batch is too large for the device.</summary>
internal static class DeviceMemory
{
    /// <summary>Computes something.</summary>
    /// <param name="images">How many images it is for.</param>
    /// <param name="remedy">What takes less memory: the end of a sentence.</param>
    /// <param name="compute">The work.</param>
    /// <exception cref="InsufficientMemoryException">libtorch could not allocate what the work needs.</exception>
    public static T Compute<T>(int images, string remedy, Func<T> compute)
    {
        try
        {
            return compute();
        }
        catch (ExternalException failure) when (IsOutOfMemory(failure.Message))
        {
            throw new InsufficientMemoryException(
                $"The memory of the device does not suffice for {images} images at once: {remedy}. "
                + $"libtorch says: {failure.Message.Split('\n')[0].Trim()}",
                failure);
        }
    }

    // On a GPU, and on the CPU.
    private static bool IsOutOfMemory(string message)
        => message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
            || message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase);
}
