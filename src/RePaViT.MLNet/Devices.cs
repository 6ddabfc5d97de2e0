using System.Globalization;

namespace RePaViT.MLNet;

/// <summary>Decides what to compute on.</summary>
internal static class Devices
{
    /// <summary>What was chosen and why, as one line for the log.</summary>
    /// <exception cref="NotSupportedException">The device cannot be used.</exception>
    public static string Choose(Device device) => device == Device.Cuda
        ? throw new NotSupportedException(
            $"{nameof(Device)} {device} cannot be used: this version of RePaViT.MLNet computes on the CPU. "
            + $"{Device.Auto} and {Device.Cpu} are accepted.")
        : string.Create(CultureInfo.InvariantCulture, $"Training on the CPU, {Environment.ProcessorCount} cores.");
}
