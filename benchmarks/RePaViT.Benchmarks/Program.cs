using System.CommandLine;
using RePaViT.Benchmarks;
using RePaViT.Benchmarks.Comparison;

var root = new RootCommand("Measures and checks RePaViT.")
{
    Report.JsonOption,
    CompareCommand.Create(),
    ConvertCommand.Create(),
    ConvertPresetCommand.Create(),
    ExportCommand.Create(),
    InferenceCommand.Create(),
    InspectCommand.Create(),
    LearnCommand.Create(),
    LibraryEngine.Create(),
    PipelineCommand.Create(),
    ProfileCommand.Create(),
    ReferenceCommand.Create(),
    SmallDataCommand.Create(),
    TrainingCommand.Create(),
    TransferCommand.Create(),
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
