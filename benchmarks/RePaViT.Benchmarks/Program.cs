using System.CommandLine;
using RePaViT.Benchmarks;

var root = new RootCommand("Measures and checks RePaViT.")
{
    Report.JsonOption,
    ExportCommand.Create(),
    InferenceCommand.Create(),
    InspectCommand.Create(),
    PipelineCommand.Create(),
    TrainingCommand.Create(),
    VerifyCommand.Create(),
};

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
