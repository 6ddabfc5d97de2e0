using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace RePaViT.ClusterScoring;

/// <summary><c>measure</c>: what a second silo gives. Each is a process with one thread for computing.</summary>
internal static class MeasureCommand
{
    public static Command Create()
    {
        var model = new Argument<FileInfo>("MODEL") { Description = "model.onnx" };
        var list = new Argument<FileInfo>("LIST") { Description = "A text file with the path of an image on each line." };
        var silos = new Option<int>("--silos") { Description = "The most silos.", DefaultValueFactory = _ => 2 };
        var turns = new Option<int>("--turns") { Description = "Turns, all of which count.", DefaultValueFactory = _ => 3 };
        var images = new Option<int>("--images-per-part") { Description = "Images that a silo takes at a time.", DefaultValueFactory = _ => 100 };
        var command = new Command("measure", "Measures images a second by the number of silos of one thread each, in turns.")
        {
            model, list, silos, turns, images,
        };
        command.SetAction((line, cancellationToken) => RunAsync(
            line.GetRequiredValue(model).FullName, line.GetRequiredValue(list).FullName, line.GetValue(silos), line.GetValue(turns),
            line.GetValue(images), cancellationToken));
        return command;
    }

    private static async Task RunAsync(
        string model, string list, int mostSilos, int turns, int imagesPerPart, CancellationToken cancellationToken)
    {
        double[] images = new double[mostSilos];
        double[] seconds = new double[mostSilos];
        for (int turn = 0; turn < turns; turn++)
        {
            for (int silos = 1; silos <= mostSilos; silos++)
            {
                (long count, TimeSpan time) = await MeasureAsync(model, list, silos, imagesPerPart, cancellationToken);
                images[silos - 1] += count;
                seconds[silos - 1] += time.TotalSeconds;
            }
        }

        for (int silos = 1; silos <= mostSilos; silos++)
        {
            double rate = images[silos - 1] / seconds[silos - 1];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{silos} silos: {rate:F1} images/s, {rate / (images[0] / seconds[0]):F2} times one"));
        }
    }

    /// <summary>The time of a job on silos that are ready: they have done one before.</summary>
    private static async Task<(long Images, TimeSpan Time)> MeasureAsync(
        string model, string list, int silos, int imagesPerPart, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("repavit-cluster-");
        var processes = new List<Process>();
        try
        {
            for (int i = 0; i < silos; i++)
            {
                processes.Add(StartSilo(folder.FullName, model));
            }

            foreach (Process process in processes)
            {
                while (await process.StandardOutput.ReadLineAsync(cancellationToken) is string text && text != SiloCommand.Ready)
                {
                }
            }

            using IHost host = LocalCluster.CreateClient(folder.FullName);
            await host.StartAsync(cancellationToken);
            var jobs = new ScoringJobs(host.Services.GetRequiredService<IClusterClient>());
            await ScoreAsync("first");
            long start = Stopwatch.GetTimestamp();
            ScoringProgress done = await ScoreAsync("second");
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            await host.StopAsync(cancellationToken);
            return (done.Images, time);

            async Task<ScoringProgress> ScoreAsync(string name)
            {
                await jobs.SubmitAsync(name, new ScoringJob
                {
                    ImageList = list, OutputFolder = Path.Combine(folder.FullName, name), ImagesPerPart = imagesPerPart,
                });
                return await jobs.WaitAsync(name, cancellationToken: cancellationToken);
            }
        }
        finally
        {
            foreach (Process process in processes)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
                process.Dispose();
            }

            folder.Delete(recursive: true);
        }
    }

    private static Process StartSilo(string folder, string model)
    {
        var start = new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            ["exec", typeof(MeasureCommand).Assembly.Location, SiloCommand.Name, folder, model])
        {
            RedirectStandardOutput = true,
        };

        // Models compute on as many threads as the runtime sees processors.
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "1";
        return Process.Start(start)!;
    }
}
