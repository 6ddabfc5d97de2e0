using RePaViT.MLNet.Tests.Hardening;
using RePaViT.MLNet.Tests.Saving;

namespace RePaViT.MLNet.Tests;

/// <summary>What tests start as a process of its own, by <see cref="RePaViT.Tests.Support.ChildProcess"/>.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case [ScoringChild.Command, .. var rest]:
                ScoringChild.Run(rest);
                return 0;
            case [SavingChild.Command, .. var rest]:
                SavingChild.Run(rest);
                return 0;
            case [AtomicSavingChild.Command, .. var rest]:
                AtomicSavingChild.Run(rest);
                return 0;
            case [ScratchChild.Command, .. var rest]:
                ScratchChild.Run(rest);
                return 0;
            case [CpuChild.Command]:
                CpuChild.Run();
                return 0;
            default:
                Console.Error.WriteLine("These tests are run by 'dotnet test'.");
                return 2;
        }
    }
}
