using System.CommandLine;

namespace RePaViT.Tool;

/// <summary>Commands that Ctrl+C ends in order.</summary>
internal static class InterruptibleCommand
{
    /// <summary>Sets what a command does. The token is cancelled by Ctrl+C.</summary>
    /// <param name="command">The command.</param>
    /// <param name="run">What it does, and the exit code.</param>
    public static void SetInterruptible(this Command command, Func<ParseResult, CancellationToken, int> run)
        // System.CommandLine listens for Ctrl+C only once it has the task: until then the process would just end.
        => command.SetAction((line, cancellation) => Task.Run(() => run(line, cancellation), CancellationToken.None));
}
