using System.Diagnostics;

namespace RePaViT.Tests.Support;

/// <summary>This assembly's <c>Program</c> in a process of its own. Disposing it kills what still runs.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    public ChildProcess(params IEnumerable<string> arguments)
        : this(arguments, switchedOff: [])
    {
    }

    /// <param name="arguments">What <c>Program</c> is to do.</param>
    /// <param name="switchedOff">Switches of the runtime that are to be 0 in the child.</param>
    public ChildProcess(IEnumerable<string> arguments, IEnumerable<string> switchedOff)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(host, ["exec", typeof(ChildProcess).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string variable in switchedOff)
        {
            start.Environment[variable] = "0";
        }

        _process = Process.Start(start)!;
    }

    /// <summary>Waits until the child writes a line. What it writes instead, if it fails, is part of the exception.</summary>
    public void WaitForLine(string line)
    {
        if (_process.StandardOutput.ReadLine() is string other && other == line)
        {
            return;
        }

        Assert.Fail($"The child process did not write '{line}', but: {_process.StandardError.ReadToEnd()}");
    }

    /// <summary>Kills the child, which must still be at work: otherwise the test shows nothing.</summary>
    public void Kill()
    {
        Assert.IsFalse(_process.HasExited, "The child process ended before it was killed.");
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Waits until the child ends by itself, without an error.</summary>
    public void WaitForSuccess()
    {
        string error = WaitForEnd();
        Assert.AreEqual(0, _process.ExitCode, error);
    }

    /// <summary>Waits until the child ends by itself.</summary>
    /// <returns>What it wrote about errors.</returns>
    public string WaitForEnd()
    {
        string error = _process.StandardError.ReadToEnd();
        _process.WaitForExit();
        return error;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
