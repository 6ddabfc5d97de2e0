namespace RePaViT;

/// <summary>How a pretrained network learns other classes.</summary>
public enum TransferMethod
{
    /// <summary>
    /// A linear classifier on the features of the network; where images suffice, fine-tuning as well, which is kept if it does
    /// better on images that are held out.
    /// </summary>
    Auto,

    /// <summary>A linear classifier on the features of the network, which itself stays what it is. Takes seconds.</summary>
    Linear,

    /// <summary>As <see cref="Auto"/> where images suffice, however few there are.</summary>
    FineTune,
}
