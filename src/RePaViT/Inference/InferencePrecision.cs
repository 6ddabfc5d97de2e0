namespace RePaViT;

/// <summary>
/// What matrix products may be rounded to in scoring. A device on which that is not faster computes in 32-bit floats.
/// </summary>
public enum InferencePrecision
{
    /// <summary>32-bit floats; on a GPU that has TF32, products keep 10 of their 23 bits of fraction.</summary>
    Full,

    /// <summary>
    /// 16-bit floats with the range of 32-bit ones and 7 bits of fraction, on NVIDIA GPUs from Ampere on. Scores differ by
    /// about a hundredth; measure the accuracy before relying on it.
    /// </summary>
    BFloat16,

    /// <summary>
    /// 8-bit integers, on CPUs that have an instruction for them (AVX-VNNI: Intel since Alder Lake, AMD since Zen 5): a
    /// scale for each output channel of a weight, and one for each token, found at run time. Measure the accuracy before
    /// relying on it.
    /// </summary>
    EightBit,
}
