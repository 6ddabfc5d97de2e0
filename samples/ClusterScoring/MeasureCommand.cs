using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace RePaViT.ClusterScoring;

/// <summary><c>measure</c>: what a second silo gives. Each is a process on a processor of its own.</summary>
internal static class MeasureCommand
{
    // Of each silo, before time counts: enough for the runtime to have compiled what takes long.
    private const int FirstParts = 4;

    public static Command Create()
    {
        var model = new Argument<FileInfo>("MODEL") { Description = "model.onnx" };
        var list = new Argument<FileInfo>("LIST") { Description = "A text file with the path of an image on each line." };
        var silos = new Option<int>("--silos") { Description = "The largest number of silos to measure.", DefaultValueFactory = _ => 2 };
        var turns = new Option<int>("--turns")
        {
            Description = "How many times each number of silos is measured.", DefaultValueFactory = _ => 3,
        };
        var images = new Option<int>("--images-per-part")
        {
            Description = "How many images a silo takes at a time.", DefaultValueFactory = _ => 100,
        };
        var command = new Command("measure", "Measures images per second for each number of silos, one processor per silo, in turns.")
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
                $"{silos} silos: {rate:F1} images/s, {rate / (images[0] / seconds[0]):F2} times one silo"));
        }
    }

    /// <summary>The time of a job on silos that are ready: they have done a small one before.</summary>
    private static async Task<(long Images, TimeSpan Time)> MeasureAsync(
        string model, string list, int silos, int imagesPerPart, CancellationToken cancellationToken)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("repavit-cluster-");
        var processes = new List<Process>();
        try
        {
            for (int i = 0; i < silos; i++)
            {
                processes.Add(StartSilo(folder.FullName, model, processor: i));
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
            string first = Path.Combine(folder.FullName, "first.txt");
            string images = Path.GetDirectoryName(list)!;
            await File.WriteAllLinesAsync(
                first, File.ReadLines(list).Take(silos * FirstParts * imagesPerPart).Select(path => Path.Combine(images, path)), cancellationToken);
            await ScoreAsync("first", first);
            long start = Stopwatch.GetTimestamp();
            ScoringProgress done = await ScoreAsync("second", list);
            TimeSpan time = Stopwatch.GetElapsedTime(start);
            await host.StopAsync(cancellationToken);
            return (done.Images, time);

            async Task<ScoringProgress> ScoreAsync(string name, string imageList)
            {
                await jobs.SubmitAsync(name, new ScoringJob
                {
                    ImageList = imageList, OutputFolder = Path.Combine(folder.FullName, name), ImagesPerPart = imagesPerPart,
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

    private static Process StartSilo(string folder, string model, int processor)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string[] silo = ["exec", typeof(MeasureCommand).Assembly.Location, SiloCommand.Name, folder, model];

        // A thread starts where the one that made it may run: on Linux, all of a process stay on a processor only if it was started there.
        ProcessStartInfo start = OperatingSystem.IsLinux()
            ? new ProcessStartInfo("taskset", ["--cpu-list", processor.ToString(CultureInfo.InvariantCulture), host, .. silo])
            : new ProcessStartInfo(host, silo);
        start.RedirectStandardOutput = true;
        start.Environment["DOTNET_PROCESSOR_COUNT"] = "1";
        Process process = Process.Start(start)!;
        if (OperatingSystem.IsWindows())
        {
            process.ProcessorAffinity = (nint)1 << processor;
        }

        return process;
    }
}
