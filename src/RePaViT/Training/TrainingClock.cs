using System.Diagnostics;

namespace RePaViT.Training;

/// <summary>Measures a run, and keeps its reports apart.</summary>
internal sealed class TrainingClock
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(100);

    private readonly Stopwatch _run = Stopwatch.StartNew();
    private readonly Stopwatch _training = new();
    private TimeSpan _nextReport;
    private long _steps;
    private long _images;

    public TimeSpan Elapsed => _run.Elapsed;

    public double ImagesPerSecond => _images == 0 ? 0 : _images / _training.Elapsed.TotalSeconds;

    public void StartStep() => _training.Start();

    public void FinishStep(int images)
    {
        _training.Stop();
        _steps++;
        _images += images;
    }

    public TimeSpan TimeLeft(long stepsLeft) => _steps == 0 ? TimeSpan.Zero : _run.Elapsed * ((double)stepsLeft / _steps);

    /// <summary>Whether a report is due. If so, the next one is due a tenth of a second later.</summary>
    public bool IsReportDue()
    {
        if (_run.Elapsed < _nextReport)
        {
            return false;
        }

        _nextReport = _run.Elapsed + ReportInterval;
        return true;
    }
}
