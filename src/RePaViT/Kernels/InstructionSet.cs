using System.Numerics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace RePaViT.Kernels;

/// <summary>
/// What kernels compute with. Sums are taken register by register, and a product and a sum are rounded once or twice: the
/// same set gives the same bits, another one nearly the same numbers. A program that is compiled while it runs has the machine's
/// own; one that NativeAOT compiles has what its property <c>IlcInstructionSet</c> says, by default <c>vector128</c> on x64.
/// </summary>
internal static class InstructionSet
{
    /// <summary><c>avx512</c>, <c>avx2</c>, <c>advsimd</c>, <c>vector128</c> or <c>scalar</c>.</summary>
    public static string Name
    {
        get
        {
            if (Lanes.AreWide)
            {
                return "avx512";
            }

            if (!Vector.IsHardwareAccelerated)
            {
                return "scalar";
            }

            return Avx2.IsSupported ? "avx2" : AdvSimd.IsSupported ? "advsimd" : "vector128";
        }
    }
}
