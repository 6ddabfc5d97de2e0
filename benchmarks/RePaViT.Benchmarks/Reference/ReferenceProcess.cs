using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace RePaViT.Benchmarks.Reference;

/// <summary>
/// The reference implementation in a Python process (benchmarks/gpu/reference.py) that runs what it is asked for, so that
/// both implementations can be timed in turns on one device.
/// </summary>
internal sealed class ReferenceProcess : IDisposable
{
    private readonly Process _process;

    /// <param name="python">The interpreter, with PyTorch, timm and einops.</param>
    /// <param name="repository">A folder with the reference repository.</param>
    /// <param name="work">What it is to do.</param>
    /// <exception cref="IOException">It cannot be started; what Python says stands on the console.</exception>
    public ReferenceProcess(string python, string repository, Workload work)
    {
        var start = new ProcessStartInfo(python)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (string argument in (IEnumerable<string>)
        [
            Path.Combine(AppContext.BaseDirectory, "reference.py"),
            "--repository", repository,
            "--task", Lower(work.Task),
            "--preset", work.Preset,
            "--idle-ratio", Invariant(work.IdleRatio),
            "--batch", Invariant(work.Batch),
            "--image-size", Invariant(work.ImageSize),
            "--device", Lower(work.Engine.Device),
            "--precision", Lower(work.Engine.Precision),
            .. work.Architecture(ExportForm.Vanilla) is SwinArchitecture swin ? ["--window", Invariant(swin.Window)] : Array.Empty<string>(),
        ])
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new IOException($"The Python interpreter '{python}' cannot be started. {exception.Message}", exception);
        }

        try
        {
            Description = ReadAnswer();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Versions and device.</summary>
    public string Description { get; }

    /// <summary>Makes so many calls of a form of the network, and waits for the last.</summary>
    /// <exception cref="IOException">The process ended.</exception>
    public void Run(ExportForm form, int calls)
    {
        _process.StandardInput.WriteLine($"{Lower(form)} {Invariant(calls)}");
        _process.StandardInput.Flush();
        ReadAnswer();
    }

    public void Dispose()
    {
        // The process ends with its input.
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string ReadAnswer()
        => _process.StandardOutput.ReadLine()
            ?? throw new IOException("The reference ended without an answer; what it wrote to the console says why.");

    private static string Lower(Enum value) => value.ToString().ToLowerInvariant();

    private static string Invariant(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
