using RePaViT.Torch;

namespace RePaViT;

/// <summary>Moves training and classification to an NVIDIA GPU, through TorchSharp.</summary>
public static class DeviceExtensions
{
    /// <summary>
    /// The same trainer on a device. On a GPU with bfloat16 (Ampere and later) the factors of matrix products are rounded to
    /// it, but those of the first and last layers and of covariances to TF32; weights, optimizer state, statistics, sums and
    /// the loss are 32-bit floats everywhere. Checkpoints can be resumed on another device.
    /// </summary>
    /// <remarks>
    /// A GPU adds numbers in an order that changes from run to run: there, the same seed gives nearly, but not exactly,
    /// the same model. If the device has too little memory, <see cref="Trainer.Fit"/> and <see cref="Trainer.Resume"/>
    /// throw an <see cref="InsufficientMemoryException"/>, which says what would need less.
    /// </remarks>
    /// <param name="trainer">What to train, and how.</param>
    /// <param name="device">
    /// Where. <see cref="Device.Auto"/> is the GPU if TorchSharp's native library is installed and finds one that it
    /// can use, otherwise the CPU.
    /// </param>
    /// <exception cref="NotSupportedException">
    /// <see cref="Device.Cuda"/> cannot be used; the message says what is missing, and which package provides it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static Trainer On(this Trainer trainer, Device device)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        return trainer.With(DeviceChoice.Of(device).CreateBackend());
    }

    /// <summary>The same transfer learning on a device: features are computed there, and the network is fine-tuned there.</summary>
    /// <param name="transfer">What learns.</param>
    /// <param name="device">As for training.</param>
    /// <exception cref="NotSupportedException">
    /// <see cref="Device.Cuda"/> cannot be used; the message says what is missing, and which package provides it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static TransferLearning On(this TransferLearning transfer, Device device)
    {
        ArgumentNullException.ThrowIfNull(transfer);
        var choice = DeviceChoice.Of(device);
        return transfer.With(choice.Place, choice.CreateBackend());
    }

    /// <summary>
    /// The same model, with the same precision, on a device. A GPU's memory is released some time after the last reference to the model is
    /// gone, or when memory is short; if there is still too little, predicting throws an <see cref="InsufficientMemoryException"/>.
    /// </summary>
    /// <param name="model">The network; it stays usable where it was.</param>
    /// <param name="device">As for training.</param>
    /// <exception cref="NotSupportedException">
    /// <see cref="Device.Cuda"/> cannot be used; the message says what is missing, and which package provides it.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such device.</exception>
    public static RePaViTModel On(this RePaViTModel model, Device device)
    {
        ArgumentNullException.ThrowIfNull(model);
        return DeviceChoice.Of(device).Place(model);
    }
}
