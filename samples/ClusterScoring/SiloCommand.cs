using System.CommandLine;
using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace RePaViT.ClusterScoring;

/// <summary><c>silo</c>: takes part until it is stopped.</summary>
internal static class SiloCommand
{
    public const string Name = "silo";
    public const string Ready = "Ready.";
    public const string ProcessorOption = "--processor";

    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("CLUSTER") { Description = "The folder by which silos and clients find each other." };
        var model = new Argument<FileInfo>("MODEL") { Description = "model.onnx, the same one for all silos." };
        var processor = new Option<int?>(ProcessorOption) { Description = "The number of the only processor that it may use, from 0." };
        var command = new Command(Name, "Takes part in a cluster until it is stopped.") { folder, model, processor };
        command.SetAction(async (line, cancellationToken) =>
        {
            if (line.GetValue(processor) is int number)
            {
                Restrict(number);
            }

            using IHost host = LocalCluster.CreateSilo(
                line.GetRequiredValue(folder).FullName, LocalCluster.FreePorts(), new ScoringSiloOptions
                {
                    ModelPath = line.GetRequiredValue(model).FullName,
                    Decoder = (file, model) => ImageFile.Decode(file.Span, model.Preprocessing.Decoding),
                });
            await host.StartAsync(cancellationToken);
            Console.WriteLine(Ready);
            await host.WaitForShutdownAsync(cancellationToken);
        });
        return command;
    }

    // Threads that are there already may go on elsewhere; those that score are still to come.
    private static void Restrict(int processor)
    {
        if (OperatingSystem.IsLinux() || OperatingSystem.IsWindows())
        {
            using Process self = Process.GetCurrentProcess();
            self.ProcessorAffinity = (nint)1 << processor;
        }
    }
}
