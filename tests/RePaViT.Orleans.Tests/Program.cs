using RePaViT.Cluster.Tests.Support;

namespace RePaViT.Cluster.Tests;

/// <summary>What tests start as a process of its own, by <see cref="RePaViT.Tests.Support.ChildProcess"/>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case [SiloChild.Command, .. var rest]:
                await SiloChild.RunAsync(rest);
                return 0;
            default:
                await Console.Error.WriteLineAsync("These tests are run by 'dotnet test'.");
                return 2;
        }
    }
}
