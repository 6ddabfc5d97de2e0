namespace RePaViT;

/// <summary>How a pretrained network learns other classes.</summary>
public enum TransferMethod
{
    /// <summary>
    /// A linear classifier on the features of the network; if there are enough images, fine-tuning as well, which is kept if
    /// it does better on held-out images.
    /// </summary>
    Auto,

    /// <summary>A linear classifier on the features of the network, which itself does not change. Takes seconds.</summary>
    Linear,

    /// <summary>Like <see cref="Auto"/> with enough images, however few there are.</summary>
    FineTune,
}
