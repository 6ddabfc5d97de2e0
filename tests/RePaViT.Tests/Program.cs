using RePaViT.Tests.Hardening;
using RePaViT.Tests.IO;
using RePaViT.Tests.Kernels;
using RePaViT.Tests.Training;

namespace RePaViT.Tests;

/// <summary>What tests start as a process of its own, by <see cref="Support.ChildProcess"/>: to kill it, or to restrict it.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case [TrainingChild.Command, .. var rest]:
                TrainingChild.Run(rest);
                return 0;
            case [WritingChild.Command, .. var rest]:
                WritingChild.Run(rest);
                return 0;
            case [SavingChild.Command, .. var rest]:
                SavingChild.Run(rest);
                return 0;
            case [RestrictedChild.Command, .. var rest]:
                RestrictedChild.Run(rest);
                return 0;
            default:
                Console.Error.WriteLine("These tests are run by 'dotnet test'.");
                return 2;
        }
    }
}
