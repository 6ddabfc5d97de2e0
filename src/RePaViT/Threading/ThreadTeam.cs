using System.Runtime.InteropServices;

namespace RePaViT.Threading;

/// <summary>
/// Threads that share loops, and nothing is allocated. Each thread begins with a part of its own, the same for each loop
/// of a length, so that it finds in its cache what it left there; when that is done it takes from the others' parts. Which
/// iteration runs where is not defined: what it computes must not depend on the thread. A team owns no threads: it borrows
/// them (<see cref="WorkerThread"/>), and does with those that come.
/// </summary>
internal sealed class ThreadTeam
{
    /// <summary>More threads than this are a mistake; a million of them would bring the machine down.</summary>
    public const int MaxSize = 1024;

    private const long NothingToDo = int.MaxValue;

    private static readonly Dictionary<int, ThreadTeam> Teams = [];

    private readonly WorkerThread[] _workers;
    private readonly Part[] _parts;
    private Action<int, int>? _body;
    private Exception? _failure;
    private int _busy;
    private int _count;
    private int _completed;
    private long _generation;

    private ThreadTeam(int size)
    {
        Size = size;
        _parts = new Part[size];
        foreach (ref Part part in _parts.AsSpan())
        {
            part.Next = NothingToDo;
        }

        _workers = WorkerThread.First(size - 1);
    }

    /// <summary>Threads that take part in a loop, including the one that starts it.</summary>
    public int Size { get; }

    /// <summary>The team of a size; there is one for each.</summary>
    /// <param name="threads">Number of threads, from 1 to <see cref="MaxSize"/>; null for one per processor.</param>
    public static ThreadTeam Get(int? threads = null)
    {
        int size = threads ?? Math.Min(Environment.ProcessorCount, MaxSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(threads));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MaxSize, nameof(threads));
        lock (Teams)
        {
            return Teams.TryGetValue(size, out ThreadTeam? team) ? team : Teams[size] = new ThreadTeam(size);
        }
    }

    /// <summary>
    /// Runs body(iteration, worker) for iterations 0 to count - 1, worker in [0, <see cref="Size"/>). A caller that finds
    /// the team at work for another one, or calls from within a loop, runs its loop alone as worker 0.
    /// </summary>
    public void Run(int count, Action<int, int> body)
    {
        if (Size == 1 || count <= 1 || Interlocked.CompareExchange(ref _busy, 1, 0) != 0)
        {
            for (int iteration = 0; iteration < count; iteration++)
            {
                body(iteration, 0);
            }

            return;
        }

        _body = body;
        _count = count;
        _completed = 0;
        long generation = (_generation + 1) & int.MaxValue;
        for (int part = 0; part < Size; part++)
        {
            Volatile.Write(ref _parts[part].Next, generation << 32 | (uint)PartStart(part, count));
        }

        _generation = generation;
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i].Invite(this, wake: i < count - 1);
        }

        Help(0);
        SpinWait spin = default;
        while (Volatile.Read(ref _completed) != count)
        {
            spin.SpinOnce(sleep1Threshold: -1);
        }

        for (int part = 0; part < Size; part++)
        {
            Interlocked.Exchange(ref _parts[part].Next, NothingToDo);
        }

        Exception? failure = _failure;
        _failure = null;
        _body = null;
        Volatile.Write(ref _busy, 0);
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    private int PartStart(int part, int count) => (int)((long)part * count / Size);

    /// <summary>
    /// Takes part in the loop of now, if there is one: runs the iterations of a worker's own part, then what the others have
    /// left. Each worker's number belongs to one thread at a time.
    /// </summary>
    internal void Help(int worker)
    {
        for (int i = 0; i < Size; i++)
        {
            int part = (worker + i) % Size;
            while (TryRunOne(part, worker))
            {
            }
        }
    }

    private bool TryRunOne(int part, int worker)
    {
        while (true)
        {
            long next = Volatile.Read(ref _parts[part].Next);
            int iteration = (int)next;
            if (iteration >= PartStart(part + 1, Volatile.Read(ref _count)))
            {
                return false;
            }

            Action<int, int>? body = Volatile.Read(ref _body);
            if (Interlocked.CompareExchange(ref _parts[part].Next, next + 1, next) != next)
            {
                continue;
            }

            try
            {
                body!(iteration, worker);
            }
            catch (Exception exception)
            {
                // Rethrown where the loop was started; an exception on a bare thread would end the process.
                _failure = exception;
            }

            Interlocked.Increment(ref _completed);
            return true;
        }
    }

    /// <summary>
    /// A worker's share of a loop. High half: number of the loop. Low half: its next iteration. One word, so that an
    /// iteration of a loop that has ended can never be claimed; by itself on two cache lines, which are fetched in pairs.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Part
    {
        [FieldOffset(0)]
        public long Next;
    }
}
