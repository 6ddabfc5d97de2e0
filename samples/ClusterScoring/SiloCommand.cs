using System.CommandLine;
using Microsoft.Extensions.Hosting;

namespace RePaViT.ClusterScoring;

/// <summary><c>silo</c>: takes part until it is stopped.</summary>
internal static class SiloCommand
{
    public const string Name = "silo";
    public const string Ready = "Ready.";

    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("CLUSTER") { Description = "The folder through which silos and clients find each other." };
        var model = new Argument<FileInfo>("MODEL") { Description = "model.onnx, the same for all silos." };
        var command = new Command(Name, "Takes part in a cluster until it is stopped.") { folder, model };
        command.SetAction(async (line, cancellationToken) =>
        {
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
}
