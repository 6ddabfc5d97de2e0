using System.CommandLine;
using System.Diagnostics;
using System.Globalization;

namespace RePaViT.Benchmarks.Comparison;

/// <summary>
/// <c>answer</c>: this library as one of the engines that <c>compare</c> measures. It speaks the protocol that is described
/// in benchmarks/peers/onnxruntime.mjs, from a process of its own as the peer does, so that memory and the time to the
/// first prediction mean the same for both.
/// </summary>
internal static class LibraryEngine
{
    public const string Verb = "answer";

    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "An ONNX file of this library." };
        var threads = new Option<int>("--threads") { Description = "Threads that share a call.", DefaultValueFactory = _ => 2 };
        var batch = new Option<int>("--batch") { Description = "Images per call.", DefaultValueFactory = _ => 1 };
        var command = new Command(Verb, "Runs a model file for as many seconds as each line of the input says; 'compare' starts it.")
        {
            model, threads, batch,
        };
        command.SetAction(commandLine => Run(
            commandLine.GetRequiredValue(model),
            commandLine.GetValue(threads),
            commandLine.GetValue(batch),
            Console.In,
            Console.Out));
        return command;
    }

    /// <exception cref="ArgumentException">A number is not valid.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or a request is not a number of seconds.</exception>
    public static void Run(string modelFile, int threads, int batch, TextReader requests, TextWriter answers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        InferenceCommand.ValidateBatch(batch);
        long start = Stopwatch.GetTimestamp();
        var model = RePaViTModel.Load(modelFile, threads);
        TimeSpan opening = Stopwatch.GetElapsedTime(start);

        float[] images = Pixels(batch * model.ImageLength);
        float[] logits = new float[batch * model.Architecture.Classes];
        start = Stopwatch.GetTimestamp();
        model.ComputeLogits(images, logits);
        double seconds = (opening + Stopwatch.GetElapsedTime(start)).TotalSeconds;
        string version = typeof(RePaViTModel).Assembly.GetName().Version!.ToString(fieldCount: 3);
        answers.WriteLine(Report.ToJson(new FirstPrediction($"RePaViT {version}", seconds, logits)));

        while (requests.ReadLine() is string request)
        {
            if (!double.TryParse(request, NumberStyles.Float, CultureInfo.InvariantCulture, out double limit))
            {
                throw new InvalidDataException($"'{request}' is not a number of seconds.");
            }

            double rate = batch * RunsPerSecond(() => model.ComputeLogits(images, logits), limit);
            using var process = Process.GetCurrentProcess();
            answers.WriteLine(Report.ToJson(new Round(rate, process.PeakWorkingSet64 / 1e6)));
        }
    }

    private static double RunsPerSecond(Action run, double limit)
    {
        var clock = Stopwatch.StartNew();
        int runs = 0;
        double seconds;
        do
        {
            run();
            runs++;
            seconds = clock.Elapsed.TotalSeconds;
        }
        while (seconds < limit);
        return runs / seconds;
    }

    // Numbers from 0 to 255 without a pattern; onnxruntime.mjs has the same.
    private static float[] Pixels(int count)
    {
        float[] pixels = new float[count];
        for (int i = 0; i < count; i++)
        {
            pixels[i] = unchecked((uint)i * 2654435761) >> 24;
        }

        return pixels;
    }
}
