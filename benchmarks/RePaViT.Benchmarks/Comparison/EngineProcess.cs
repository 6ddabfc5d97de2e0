using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace RePaViT.Benchmarks.Comparison;

/// <summary>An engine that has a model file open and answers requests for rounds, one line of JSON each.</summary>
internal sealed class EngineProcess : IDisposable
{
    // Beyond the time it was asked to run for: a large model on a busy machine is still opened in this time.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _name;
    private readonly TextReader _answers;
    private readonly TextWriter _requests;
    private readonly Process? _process;

    /// <param name="name">What messages call it.</param>
    /// <param name="answers">Where it answers.</param>
    /// <param name="requests">Where it reads requests.</param>
    /// <exception cref="InvalidDataException">Its first answer is not what the protocol says.</exception>
    /// <exception cref="IOException">It ended or does not answer.</exception>
    public EngineProcess(string name, TextReader answers, TextWriter requests)
        : this(name, answers, requests, process: null)
    {
    }

    private EngineProcess(string name, TextReader answers, TextWriter requests, Process? process)
    {
        _name = name;
        _answers = answers;
        _requests = requests;
        _process = process;
        try
        {
            First = Read<FirstPrediction>(Patience, answer => answer is { Engine: not null, Logits: not null, Seconds: > 0 });
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What it said when it had opened the file and predicted once.</summary>
    public FirstPrediction First { get; }

    /// <summary>Starts a program and waits for its first prediction. What it writes as errors is seen where ours are.</summary>
    /// <exception cref="IOException">The program cannot be started, ended, or does not answer.</exception>
    /// <exception cref="InvalidDataException">Its first answer is not what the protocol says.</exception>
    public static EngineProcess Start(string name, string program, IEnumerable<string> arguments)
    {
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            })!;
        }
        catch (Win32Exception exception)
        {
            throw new IOException($"{name} needs the program '{program}', which cannot be started: {exception.Message}", exception);
        }

        return new EngineProcess(name, process.StandardOutput, process.StandardInput, process);
    }

    /// <summary>Has it run for a time.</summary>
    /// <exception cref="InvalidDataException">The answer is not what the protocol says.</exception>
    /// <exception cref="IOException">It ended or does not answer.</exception>
    public Round Run(double seconds)
    {
        _requests.WriteLine(seconds.ToString(CultureInfo.InvariantCulture));
        _requests.Flush();
        return Read<Round>(
            Patience + TimeSpan.FromSeconds(seconds), answer => answer is { ImagesPerSecond: > 0, PeakMegabytes: > 0 });
    }

    /// <summary>Ends the program, if there is one.</summary>
    public void Dispose()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
        }
    }

    private T Read<T>(TimeSpan patience, Func<T?, bool> isComplete)
    {
        // A task, since reading a line from a pipe blocks, whatever the method is called.
        Task<string?> reading = Task.Run(_answers.ReadLine);
        if (!reading.Wait(patience))
        {
            throw new IOException($"{_name} has not answered for {patience.TotalSeconds:0} seconds.");
        }

        string line = reading.Result
            ?? throw new IOException($"{_name} ended without an answer; what it wrote as an error says why.");
        T? answer;
        try
        {
            answer = Report.FromJson<T>(line);
        }
        catch (JsonException exception)
        {
            throw Unexpected(exception);
        }

        return isComplete(answer) ? answer! : throw Unexpected(null);

        InvalidDataException Unexpected(Exception? inner)
            => new($"{_name} answered '{Shorten(line)}', which is no {typeof(T).Name} of the protocol.", inner);
    }

    private static string Shorten(string line) => line.Length <= 80 ? line : line[..80] + "...";
}
