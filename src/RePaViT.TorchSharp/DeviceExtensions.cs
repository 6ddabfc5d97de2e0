using RePaViT.Inference;
using RePaViT.Torch;

namespace RePaViT;

/// <summary>Moves training and classification to an NVIDIA GPU, through TorchSharp.</summary>
public static class DeviceExtensions
{
    /// <summary>
    /// The same trainer on a device. On a GPU with bfloat16 (Ampere and later) matrix products are computed in it; weights,
    /// optimizer state, statistics and the loss are 32-bit floats everywhere. Checkpoints can be resumed on another device.
    /// </summary>
    /// <param name="trainer">What to train, and how.</param>
    /// <param name="device">
    /// Where. <see cref="Device.Auto"/> is the GPU if TorchSharp's native library is there and finds one it can use,
    /// otherwise the CPU.
    /// </param>
    /// <exception cref="NotSupportedException">
    /// <see cref="Device.Cuda"/> cannot be used; the message says what is missing, and which package brings it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static Trainer On(this Trainer trainer, Device device)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        return trainer.With(DeviceChoice.Of(device).CreateBackend());
    }

    /// <summary>
    /// The same model on a device, in 32-bit floats; on a GPU that has TF32, matrix products round their factors to it. The
    /// GPU's memory is given back some time after the last reference to the model is gone.
    /// </summary>
    /// <param name="model">The network; it stays usable where it was.</param>
    /// <param name="device">As for training.</param>
    /// <exception cref="NotSupportedException">
    /// <see cref="Device.Cuda"/> cannot be used; the message says what is missing, and which package brings it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static RePaViTModel On(this RePaViTModel model, Device device)
    {
        ArgumentNullException.ThrowIfNull(model);
        DeviceChoice choice = DeviceChoice.Of(device);
        return choice.IsCuda ? choice.Place(model) : model.With(network => InferencePlan.Compile(network));
    }
}
