namespace RePaViT;

/// <summary>What <see cref="TransferLearning"/> is doing.</summary>
public enum TransferStep
{
    /// <summary>Images pass through the pretrained network.</summary>
    Features,

    /// <summary>The linear classifier is fitted.</summary>
    Classifier,

    /// <summary>The network is trained.</summary>
    FineTuning,
}
