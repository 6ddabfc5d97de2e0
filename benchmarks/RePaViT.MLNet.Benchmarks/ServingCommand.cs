using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using RePaViT.Benchmarks;
using SkiaSharp;
using Spectre.Console;

namespace RePaViT.MLNet.Benchmarks;

/// <summary><c>serving</c>: what clients at the same time get of one model, by ways to share it.</summary>
internal static class ServingCommand
{
    private const int Photos = 32;

    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = "An ML.NET model that 'repavit train' or the sample wrote." };
        var clients = new Option<int[]>("--clients")
        {
            Description = "Numbers of clients at the same time.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 8, 64],
        };
        var seconds = new Option<double>("--seconds") { Description = "Time for a way in a turn.", DefaultValueFactory = _ => 2 };
        var turns = new Option<int>("--turns") { Description = "How many times each way is measured.", DefaultValueFactory = _ => 3 };
        var command = new Command("serving", "Measures requests a second and how long they take, batched and not, in turns.") { model, clients, seconds, turns };
        command.SetAction(async (line, cancellation) =>
        {
            ServingReport report = await Run(
                line.GetRequiredValue(model), line.GetRequiredValue(clients), line.GetValue(seconds), line.GetValue(turns), cancellation);
            Report.Write(line, report, Print);
        });
        return command;
    }

    private static async Task<ServingReport> Run(string path, int[] clients, double seconds, int turns, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(turns, 1);
        var context = new MLContext();
        RePaViTModel model = context.Model.LoadRePaViT(path, Device.Cpu).Model;
        ITransformer pipeline = context.Model.Load(path, out _);
        byte[][] files = [.. Enumerable.Range(0, Photos).Select(seed => Draw(model.Architecture.ImageSize, seed))];
        await using var scorer = new BatchingScorer(model);
        var engines = new ConcurrentBag<PredictionEngine<Photo, Answer>>();
        var door = new SemaphoreSlim(1);
        (string Name, Func<int, Task> Send)[] ways =
        [
            ("BatchingScorer", image => scorer.PredictAsync(Decode(image))),
            ("each by itself", image => Task.FromResult(model.Predict(Decode(image)))),
            ("one at a time", async image =>
            {
                RgbImage decoded = Decode(image);
                await door.WaitAsync(cancellationToken);
                try
                {
                    model.Predict(decoded);
                }
                finally
                {
                    door.Release();
                }
            }),
            ("pool of prediction engines", image =>
            {
                PredictionEngine<Photo, Answer> engine = engines.TryTake(out PredictionEngine<Photo, Answer>? pooled)
                    ? pooled
                    : context.Model.CreatePredictionEngine<Photo, Answer>(pipeline);
                engine.Predict(new Photo { ImageSource = files[image] });
                engines.Add(engine);
                return Task.CompletedTask;
            }),
        ];

        var rows = new List<ServingRow>();
        foreach (int number in clients)
        {
            var loads = ways.ToDictionary(way => way.Name, _ => new List<ServingLoad>());
            for (int turn = 0; turn <= turns; turn++)
            {
                foreach ((string name, Func<int, Task> send) in ways)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    ServingLoad load = await Load(number, seconds, send);

                    // The first turn compiles and warms up.
                    if (turn > 0)
                    {
                        loads[name].Add(load);
                    }
                }
            }

            rows.AddRange(ways.Select(way => ServingRow.Of(way.Name, number, loads[way.Name])));
        }

        return new ServingReport(model.Architecture.ImageSize, Environment.ProcessorCount, rows);

        RgbImage Decode(int image) => ImageFile.Decode(files[image], model.Preprocessing.Decoding);
    }

    /// <summary>Clients with a thread each, that send one request after the other for so long, and wait for their last answer.</summary>
    private static async Task<ServingLoad> Load(int clients, double seconds, Func<int, Task> send)
    {
        var clock = Stopwatch.StartNew();
        List<double>[] times = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Factory.StartNew(
            () =>
            {
                var taken = new List<double>();
                for (int i = client; clock.Elapsed.TotalSeconds < seconds; i++)
                {
                    double start = clock.Elapsed.TotalSeconds;
                    send(i % Photos).GetAwaiter().GetResult();
                    taken.Add(clock.Elapsed.TotalSeconds - start);
                }

                return taken;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        return new ServingLoad(clock.Elapsed.TotalSeconds, [.. times.SelectMany(taken => taken)]);
    }

    /// <summary>The bytes of an image file.</summary>
    private static byte[] Draw(int size, int seed)
    {
        var random = new Random(seed);
        using var bitmap = new SKBitmap(size, size, SKColorType.Bgra8888, SKAlphaType.Opaque);
        bitmap.Pixels = [.. Enumerable.Range(0, size * size).Select(i => new SKColor((byte)(i / size), (byte)(i % size), (byte)random.Next(256)))];
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }

    private static void Print(ServingReport report)
    {
        Table table = new Table { Border = TableBorder.Markdown }.AddColumns("clients", "way", "requests/s", "p50, ms", "p99, ms");
        foreach (ServingRow row in report.Rows)
        {
            table.AddRow(row.Clients.ToString(CultureInfo.InvariantCulture), row.Way, Number(row.RequestsPerSecond), Number(1000 * row.MedianSeconds), Number(1000 * row.Percentile99Seconds));
        }

        Report.Text.WriteLine($"Images of {report.ImageSize} pixels, {report.Processors} processors");
        Report.Text.Write(table);
    }

    private static string Number(double value) => value.ToString(value < 10 ? "0.00" : value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture);

    private sealed class Photo
    {
        public byte[] ImageSource { get; set; } = [];

        public string Label { get; set; } = "";
    }

    private sealed class Answer
    {
        public string PredictedLabel { get; set; } = "";

        public float[] Score { get; set; } = [];
    }
}

/// <summary>What was measured.</summary>
internal sealed record ServingReport(int ImageSize, int Processors, IReadOnlyList<ServingRow> Rows);

/// <summary>One turn of one way.</summary>
/// <param name="Seconds">Until the last answer: many clients wait long for their last ones.</param>
/// <param name="Requests">The seconds that each request took.</param>
internal sealed record ServingLoad(double Seconds, IReadOnlyList<double> Requests);

/// <summary>One way, with a number of clients.</summary>
internal sealed record ServingRow(string Way, int Clients, double RequestsPerSecond, double MedianSeconds, double Percentile99Seconds)
{
    public static ServingRow Of(string way, int clients, IReadOnlyList<ServingLoad> loads)
    {
        double[] times = [.. loads.SelectMany(load => load.Requests).Order()];
        return new ServingRow(
            way, clients, times.Length / loads.Sum(load => load.Seconds), times[times.Length / 2], times[times.Length * 99 / 100]);
    }
}
