using System.Diagnostics;

namespace RePaViT.Benchmarks;

/// <summary>Times an action again and again. The median is not moved by what else a machine does now and then.</summary>
internal sealed class Rate
{
    /// <summary>The first runs compile the code and warm the caches.</summary>
    public const int WarmupRuns = 3;

    private readonly List<double> _seconds = [];
    private int _warmups;

    public double MedianSeconds
    {
        get
        {
            if (_seconds.Count == 0)
            {
                throw new InvalidOperationException($"Nothing was measured: the first {WarmupRuns} runs only warm up.");
            }

            List<double> sorted = [.. _seconds.Order()];
            return sorted[sorted.Count / 2];
        }
    }

    public void Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        if (_warmups++ >= WarmupRuns)
        {
            _seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }
}
