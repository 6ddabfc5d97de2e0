using System.Runtime.Intrinsics.X86;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Kernels;

/// <summary>
/// The paths that this machine would not take: the same tests with instruction sets switched off, down to plain code
/// without vectors.
/// </summary>
[TestClass]
public class InstructionSetTests
{
    [TestMethod]
    [DataRow(nameof(Avx512F), "DOTNET_EnableAVX512")]
    [DataRow(nameof(Avx2), "DOTNET_EnableAVX2")]
    [DataRow(nameof(X86Base), "DOTNET_EnableHWIntrinsic")]
    public void Everything_computes_the_same_without(string instructionSet, string variable)
    {
        using var child = new ChildProcess([RestrictedChild.Command, instructionSet], [variable]);
        child.WaitForSuccess();
    }
}
