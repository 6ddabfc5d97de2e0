using System.Reflection;
using System.Runtime.Intrinsics.X86;
using RePaViT.Kernels;
using RePaViT.Tests.Inference;
using RePaViT.Tests.Training.Managed;

namespace RePaViT.Tests.Kernels;

/// <summary>Runs the tests of all that computes, in a process that may not use an instruction set.</summary>
internal static class RestrictedChild
{
    public const string Command = "kernels";

    private static readonly Type[] TestClasses =
        [typeof(GemmTests), typeof(PackedMatrixTests), typeof(ElementwiseTests), typeof(AttentionTests), typeof(AveragePoolingTests), typeof(GroupNormTests),
         typeof(MapConvolutionTests),
         typeof(InferencePlanTests), typeof(GoldenTrainingTests)];

    public static void Run(string[] arguments)
    {
        bool isOff = arguments[0] switch
        {
            nameof(Avx512F) => !Avx512F.IsSupported,
            nameof(Avx2) => !Avx2.IsSupported,
            nameof(X86Base) => !X86Base.IsSupported && !System.Numerics.Vector.IsHardwareAccelerated,
            _ => throw new ArgumentException($"Instruction set {arguments[0]} is not known."),
        };
        Assert.IsTrue(isOff, $"{arguments[0]} is still on: the switch had no effect.");
        string[] names = arguments[0] switch
        {
            nameof(Avx512F) => ["avx2", "advsimd", "vector128"],
            nameof(Avx2) => ["advsimd", "vector128"],
            _ => ["scalar"],
        };
        Assert.Contains(InstructionSet.Name, names);
        foreach (MethodInfo test in TestClasses.SelectMany(type => type.GetMethods()))
        {
            if (!test.IsDefined(typeof(TestMethodAttribute)))
            {
                continue;
            }

            object?[]?[] rows = [.. test.GetCustomAttributes().OfType<ITestDataSource>().SelectMany(source => source.GetData(test))];
            foreach (object?[]? row in rows.Length == 0 ? [null] : rows)
            {
                test.Invoke(Activator.CreateInstance(test.DeclaringType!), row);
            }
        }
    }
}
