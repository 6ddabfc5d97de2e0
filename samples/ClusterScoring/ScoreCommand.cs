using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace RePaViT.ClusterScoring;

/// <summary><c>score</c>: submits a list and waits.</summary>
internal static class ScoreCommand
{
    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("CLUSTER") { Description = "The folder of the cluster." };
        var list = new Argument<FileInfo>("LIST") { Description = "A text file with the path of an image on each line, or a Parquet table (.parquet)." };
        var output = new Argument<DirectoryInfo>("OUTPUT") { Description = "The folder for results.jsonl." };
        var images = new Option<int>("--images-per-part")
        {
            Description = "How many images a silo takes at a time.", DefaultValueFactory = _ => 1000,
        };
        var column = new Option<string>("--column") { Description = "The column of a table that has the paths.", DefaultValueFactory = _ => "file" };
        var command = new Command("score", "Scores a list of images. Called again with the same arguments, it waits for the same job.")
        {
            folder, list, output, images, column,
        };
        command.SetAction(async (line, cancellationToken) =>
        {
            try
            {
                DirectoryInfo cluster = line.GetRequiredValue(folder);
                FileInfo source = line.GetRequiredValue(list);
                var job = new ScoringJob
                {
                    ImageList = source.Extension.Equals(".parquet", StringComparison.OrdinalIgnoreCase)
                        ? await ParquetTable.WriteListAsync(source, line.GetRequiredValue(column), cluster, cancellationToken)
                        : source.FullName,
                    OutputFolder = line.GetRequiredValue(output).FullName,
                    ImagesPerPart = line.GetValue(images),
                };
                using IHost host = LocalCluster.CreateClient(cluster.FullName);
                await host.StartAsync(cancellationToken);
                var jobs = new ScoringJobs(host.Services.GetRequiredService<IClusterClient>());

                // The folder of results is of one job.
                await jobs.SubmitAsync(job.OutputFolder, job);
                ScoringProgress done = await jobs.WaitAsync(job.OutputFolder, new ProgressLines(), cancellationToken);
                Console.WriteLine(done.ResultFile);
                return 0;
            }
            catch (Exception exception) when (exception is ArgumentException or ScoringJobException or IOException or InvalidDataException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"Error: {exception.Message}");
                return 1;
            }
        });
        return command;
    }

    /// <summary>A line whenever there is something to say.</summary>
    private sealed class ProgressLines : IProgress<ScoringProgress>
    {
        private ScoringProgress? _last;

        public void Report(ScoringProgress value)
        {
            if (value != _last)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{value.ImagesDone} of {value.Images} images, {value.Errors} with an error, {value.PartsDone} of {value.Parts} parts. {value.Message}"));
            }

            _last = value;
        }
    }
}
