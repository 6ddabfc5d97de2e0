using System.CommandLine;
using RePaViT.Benchmarks;
using RePaViT.MLNet.Benchmarks;

var root = new RootCommand("Measures RePaViT beside what ML.NET has for few images.")
{
    Report.JsonOption,
    DistilCommand.Create(),
    ResNetCommand.Create(),
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
