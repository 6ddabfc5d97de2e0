namespace RePaViT.Inference;

/// <summary>A network ready to run, on one kind of device. Safe to use from several threads at once.</summary>
internal interface IInferenceEngine
{
    /// <summary>Computes logits.</summary>
    /// <param name="images">[count, channels, size, size].</param>
    /// <param name="count">Number of images, any from 0.</param>
    /// <param name="logits">[count, classes].</param>
    void Run(ReadOnlySpan<float> images, int count, Span<float> logits);
}
