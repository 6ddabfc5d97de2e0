using System.Runtime.ExceptionServices;

namespace RePaViT.Threading;

/// <summary>Loops over code of the caller's, such as a data set.</summary>
internal static class ParallelLoop
{
    /// <summary>
    /// Runs body(0) to body(count - 1) on all cores. The caller knows what his code throws, not how many threads met it:
    /// the first exception leaves as it was thrown.
    /// </summary>
    public static void Run(int count, Action<int> body)
    {
        try
        {
            Parallel.For(0, count, body);
        }
        catch (AggregateException failure)
        {
            ExceptionDispatchInfo.Throw(failure.InnerException!);
        }
    }
}
