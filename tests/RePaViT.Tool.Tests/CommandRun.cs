namespace RePaViT.Tool.Tests;

/// <summary>What a command line ended with.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it printed as errors.</param>
internal sealed record CommandRun(int Code, string Output, string Errors)
{
    private static readonly Lock _console = new();

    public IReadOnlyList<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Runs a command line in this process. The console is one for all: one at a time.</summary>
    /// <param name="program">The program, as its Main would call it.</param>
    /// <param name="arguments">The command line.</param>
    public static CommandRun Of(Func<string[], int> program, string[] arguments)
    {
        lock (_console)
        {
            (TextWriter output, TextWriter errors) = (Console.Out, Console.Error);
            using StringWriter outputText = new(), errorText = new();
            try
            {
                Console.SetOut(outputText);
                Console.SetError(errorText);
                int code = program(arguments);
                return new CommandRun(code, outputText.ToString(), errorText.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(errors);
            }
        }
    }
}
