using System.Runtime.CompilerServices;
using RePaViT.Training;

namespace RePaViT.Torch;

/// <summary>What computes: TorchSharp on an NVIDIA GPU, or the managed engines on the CPU.</summary>
/// <param name="IsCuda">Whether it is the GPU.</param>
/// <param name="Reason">For a GPU its name, for the CPU why it is that.</param>
/// <remarks>
/// TorchSharp is loaded only where a GPU is looked for: an application that never does can leave it out. So all that needs
/// its types stands in methods that are not compiled before they run.
/// </remarks>
internal sealed record DeviceChoice(bool IsCuda, string Reason)
{
    /// <exception cref="NotSupportedException">There is no GPU that can be used; the message says what is missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static DeviceChoice Of(Device device)
    {
        if (!Enum.IsDefined(device))
        {
            throw new ArgumentOutOfRangeException(nameof(device), device, "Auto, Cuda and Cpu are accepted.");
        }

        if (device == Device.Cpu)
        {
            return new(false, "the CPU was requested.");
        }

        TorchLibrary library = TorchLibrary.Current;
        return library.HasCuda || device == Device.Auto
            ? new(library.HasCuda, library.Reason)
            : throw library.Refusal(cuda: true);
    }

    /// <summary>What trains; null for what the trainer has for the CPU.</summary>
    public ITrainingBackend? CreateBackend() => IsCuda ? CreateCudaBackend() : null;

    /// <summary>
    /// The model with an engine on this device. A GPU's memory is released when the model is no longer referenced: it is
    /// shared by all who score with it, none of whom can say when the last one is done.
    /// </summary>
    public RePaViTModel Place(RePaViTModel model) => IsCuda ? PlaceOnCuda(model) : model.OnCpu();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TorchBackend CreateCudaBackend()
        => new(TorchLibrary.Current.Device(cuda: true), Fastest());

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RePaViTModel PlaceOnCuda(RePaViTModel model) => model.With((network, precision) =>
    {
        TorchPrecision products = precision == InferencePrecision.BFloat16 ? Fastest() : TorchPrecision.Float32;
        return TorchInferenceEngine.Create(network, TorchLibrary.Current.Device(cuda: true), products);
    });

    private static TorchPrecision Fastest() => CudaDriver.HasBFloat16() ? TorchPrecision.BFloat16 : TorchPrecision.Float32;
}
