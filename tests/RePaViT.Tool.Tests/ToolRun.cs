namespace RePaViT.Tool.Tests;

/// <summary>What a command line ended with.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Errors">What it printed as errors.</param>
internal sealed record ToolRun(int Code, string Output, string Errors)
{
    private static readonly Lock _console = new();

    public IReadOnlyList<string> Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Runs a command line in this process. The console is one for all: one at a time.</summary>
    public static ToolRun Of(params string[] arguments)
    {
        lock (_console)
        {
            (TextWriter output, TextWriter errors) = (Console.Out, Console.Error);
            using StringWriter outputText = new(), errorText = new();
            try
            {
                Console.SetOut(outputText);
                Console.SetError(errorText);
                int code = Tool.Run(arguments);
                return new ToolRun(code, outputText.ToString(), errorText.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(errors);
            }
        }
    }

    /// <summary>The same; it must succeed.</summary>
    public static ToolRun Done(params string[] arguments)
    {
        ToolRun run = Of(arguments);
        Assert.AreEqual(Tool.Done, run.Code, run.Errors);
        return run;
    }
}
