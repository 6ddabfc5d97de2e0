using System.Diagnostics;

namespace RePaViT.Benchmarks.Reference;

/// <summary>Times several things in turns, so that all see the same machine whatever else it does.</summary>
internal static class Turns
{
    private const int MaxCalls = 1000;

    /// <summary>Median seconds of one call of each.</summary>
    /// <param name="contenders">Each makes so many calls and waits for the last.</param>
    /// <param name="turns">Turns of each that count, at least 1.</param>
    /// <param name="seconds">How long one turn takes, about; so a single wait does not count.</param>
    public static double[] MedianSeconds(IReadOnlyList<Action<int>> contenders, int turns, double seconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(turns, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(seconds);
        int[] calls = [.. contenders.Select(contender => CallsWithin(seconds, contender))];
        Rate[] rates = [.. contenders.Select(_ => new Rate())];
        for (int turn = 0; turn < Rate.WarmupRuns + turns; turn++)
        {
            for (int i = 0; i < rates.Length; i++)
            {
                rates[i].Time(() => contenders[i](calls[i]));
            }
        }

        return [.. rates.Zip(calls, (rate, count) => rate.MedianSeconds / count)];
    }

    private static int CallsWithin(double seconds, Action<int> contender)
    {
        contender(1);
        long start = Stopwatch.GetTimestamp();
        contender(1);
        return (int)Math.Clamp(Math.Round(seconds / Stopwatch.GetElapsedTime(start).TotalSeconds), 1, MaxCalls);
    }
}
