namespace RePaViT.PhotoSimilarity.Tests.Support;

/// <summary>What a command line ended with.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Errors">What it printed as errors.</param>
internal sealed record CommandRun(int Code, string Errors)
{
    private static readonly Lock _console = new();

    /// <summary>Runs a command line in this process. The console is one for all: one at a time.</summary>
    public static CommandRun Of(params string[] arguments)
    {
        lock (_console)
        {
            (TextWriter output, TextWriter errors) = (Console.Out, Console.Error);
            using StringWriter outputText = new(), errorText = new();
            try
            {
                Console.SetOut(outputText);
                Console.SetError(errorText);
                return new CommandRun(SimilarityCommand.Run(arguments), errorText.ToString());
            }
            finally
            {
                Console.SetOut(output);
                Console.SetError(errors);
            }
        }
    }
}
