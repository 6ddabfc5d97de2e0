namespace RePaViT;

/// <summary>Which of a published data set's two parts to read.</summary>
public enum DatasetPart
{
    /// <summary>The images to train with.</summary>
    Train,

    /// <summary>The images to test with, which training must not see.</summary>
    Test,
}
