using TorchSharp;

namespace RePaViT.Torch;

/// <summary>
/// What the factors of matrix products are rounded to. Weights, moments, residual sums of training, statistics and the loss
/// are 32-bit always. The first and the last layer and covariances are as in <see cref="Float32"/>.
/// </summary>
internal enum TorchPrecision
{
    /// <summary>32-bit floats; on a GPU their products take TF32 where it has that.</summary>
    Float32,

    /// <summary>16-bit floats with the range of 32-bit ones.</summary>
    BFloat16,
}

internal static class TorchPrecisionExtensions
{
    public static torch.ScalarType ToScalarType(this TorchPrecision precision) => precision switch
    {
        TorchPrecision.Float32 => torch.ScalarType.Float32,
        TorchPrecision.BFloat16 => torch.ScalarType.BFloat16,
        _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "Float32 and BFloat16 are accepted."),
    };
}
