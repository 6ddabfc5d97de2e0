using System.CommandLine;

namespace RePaViT.Benchmarks;

/// <summary>How programs of verbs run.</summary>
internal static class CommandLine
{
    /// <summary>Runs the verb that is asked for. What it refuses is told in a line.</summary>
    /// <returns>The exit code.</returns>
    public static int Invoke(RootCommand root, string[] args)
    {
        try
        {
            return root.Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception exception) when (
            exception is ArgumentException or InvalidDataException or IOException or NotSupportedException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"Error: {exception.Message}");
            return 1;
        }
    }
}
