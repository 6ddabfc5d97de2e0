using RePaViT.Networks;

namespace RePaViT.Inference;

/// <summary>Makes a network ready to run.</summary>
/// <param name="network">A folded network.</param>
/// <param name="precision">What products may be rounded to, where the device is faster with that.</param>
internal delegate IInferenceEngine EngineFactory(Network network, InferencePrecision precision);

/// <summary>A network ready to run, on one kind of device. Safe to use from several threads at once.</summary>
internal interface IInferenceEngine
{
    /// <summary>Computes logits.</summary>
    /// <param name="images">[count, channels, size, size].</param>
    /// <param name="count">Number of images, any from 0.</param>
    /// <param name="logits">[count, classes].</param>
    void Run(ReadOnlySpan<float> images, int count, Span<float> logits);
}
