namespace RePaViT.Threading;

/// <summary>
/// A thread that takes part in the loops of whichever team asks. There is one for each worker's number, so that teams of
/// all sizes need no more threads than the largest; where two compute at the same time, they share them.
/// </summary>
internal sealed class WorkerThread
{
    // Long enough to bridge the gap between two loops of a network, short enough not to burn an idle machine.
    private const int SpinsBeforeSleep = 2000;

    private static readonly Lock Growth = new();
    private static readonly List<WorkerThread> Started = [];

    private readonly int _worker;
    private ThreadTeam? _invitation;
    private int _asleep;

    private WorkerThread(int worker) => _worker = worker;

    /// <summary>The threads of workers 1 to count, in order; those that do not exist yet are started.</summary>
    public static WorkerThread[] First(int count)
    {
        lock (Growth)
        {
            while (Started.Count < count)
            {
                var worker = new WorkerThread(Started.Count + 1);
                new Thread(worker.Work) { IsBackground = true, Name = $"RePaViT {worker._worker}" }.Start();
                Started.Add(worker);
            }

            return [.. Started[..count]];
        }
    }

    /// <summary>
    /// Asks for help with a team's loop. It may come late, to a later loop of that team, or not at all, if another team asks
    /// before this thread looks.
    /// </summary>
    /// <param name="team">The team; its size must be above this worker's number.</param>
    /// <param name="wake">Whether it is worth waking the thread if it sleeps.</param>
    public void Invite(ThreadTeam team, bool wake)
    {
        Interlocked.Exchange(ref _invitation, team);
        if (wake && Interlocked.Exchange(ref _asleep, 0) == 1)
        {
            lock (this)
            {
                Monitor.Pulse(this);
            }
        }
    }

    private void Work()
    {
        for (int spins = 0; ; spins++)
        {
            if (Volatile.Read(ref _invitation) is not null)
            {
                Interlocked.Exchange(ref _invitation, null)!.Help(_worker);
                spins = 0;
            }
            else if (spins < SpinsBeforeSleep)
            {
                Thread.SpinWait(10);
            }
            else
            {
                Sleep();
                spins = 0;
            }
        }
    }

    /// <summary>Returns when this thread is woken, or was needed just before it went to sleep.</summary>
    private void Sleep()
    {
        Interlocked.Exchange(ref _asleep, 1);
        if (Volatile.Read(ref _invitation) is not null)
        {
            // It came in between; whoever brought it may or may not have seen this thread asleep.
            Interlocked.Exchange(ref _asleep, 0);
            return;
        }

        lock (this)
        {
            while (Volatile.Read(ref _asleep) == 1)
            {
                Monitor.Wait(this);
            }
        }
    }
}
