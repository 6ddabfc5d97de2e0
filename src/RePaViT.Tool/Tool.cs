using System.CommandLine;

namespace RePaViT.Tool;

/// <summary>The command <c>repavit</c>.</summary>
internal static class Tool
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int NotUnderstood = 2;
    public const int Cancelled = 130;

    // A step of the optimizer and saving may take long.
    private static readonly TimeSpan _timeToStop = TimeSpan.FromMinutes(10);

    /// <summary>Runs the requested verb. A refusal is reported in one line.</summary>
    /// <returns>The exit code: 0 where all is done, 1 where something failed, 2 for a wrong command line, 130 if it was cancelled.</returns>
    public static int Run(string[] args)
    {
        var root = new RootCommand("Trains channel-idle vision transformers on folders of images, and uses them.")
        {
            TrainCommand.Create(),
            PredictCommand.Create(),
            ConvertCommand.Create(),
            ExportCommand.Create(),
            InspectCommand.Create(),
            ServeCommand.Create(),
        };
        ParseResult commandLine = root.Parse(args);
        try
        {
            int code = commandLine.Invoke(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = _timeToStop });
            return commandLine.Errors.Count > 0 ? NotUnderstood : code;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Cancelled.");
            return Cancelled;
        }
        catch (Exception exception) when (
            exception is ArgumentException or InvalidDataException or IOException or UnauthorizedAccessException or NotSupportedException
                or InvalidOperationException or InsufficientMemoryException or TrainingDivergedException)
        {
            Console.Error.WriteLine($"Error: {exception.Message}");
            return Failed;
        }
    }
}
