using RePaViT.Tests.Training;

namespace RePaViT.Tests;

/// <summary>What a test starts as a process of its own, by <see cref="Support.ChildProcess"/>, in order to kill it.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments is not [TrainingChild.Command, ..])
        {
            Console.Error.WriteLine("These tests are run by 'dotnet test'.");
            return 2;
        }

        TrainingChild.Run(arguments[1..]);
        return 0;
    }
}
