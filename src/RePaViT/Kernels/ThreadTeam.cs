using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace RePaViT.Kernels;

/// <summary>
/// Threads that share loops, and nothing is allocated. Each thread begins with a part of its own, the same for each loop
/// of a length, so that it finds in its cache what it left there; when that is done it takes from the others' parts. Which
/// iteration runs where is not defined: what it computes must not depend on the thread.
/// </summary>
internal sealed class ThreadTeam
{
    // Long enough to bridge the gap between two loops of a network, short enough not to burn an idle machine.
    private const int SpinsBeforeSleep = 2000;

    /// <summary>More threads than this are a mistake; a million of them would bring the machine down.</summary>
    public const int MaxSize = 1024;

    private const long NothingToDo = int.MaxValue;

    private static readonly ConcurrentDictionary<int, ThreadTeam> Teams = new();

    private readonly Sleeper[] _sleepers;
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
        Array.Fill(_parts, new Part { Next = NothingToDo });
        _sleepers = new Sleeper[size - 1];
        for (int worker = 1; worker < size; worker++)
        {
            int index = worker;
            _sleepers[index - 1] = new Sleeper();
            new Thread(() => Work(index)) { IsBackground = true, Name = $"RePaViT {index}" }.Start();
        }
    }

    /// <summary>Threads that take part in a loop, with the one that asks for it.</summary>
    public int Size { get; }

    /// <summary>The team of a size; there is one for each.</summary>
    /// <param name="threads">Number of threads, from 1 to <see cref="MaxSize"/>; null for one per processor.</param>
    public static ThreadTeam Get(int? threads = null)
    {
        int size = threads ?? Math.Min(Environment.ProcessorCount, MaxSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1, nameof(threads));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, MaxSize, nameof(threads));
        return Teams.GetOrAdd(size, static key => new ThreadTeam(key));
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

        Interlocked.Exchange(ref _generation, generation);
        for (int i = 0; i < Math.Min(_sleepers.Length, count - 1); i++)
        {
            _sleepers[i].Wake();
        }

        RunAll(0);
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

    /// <summary>Runs the iterations of a worker's own part, then what the others have left.</summary>
    private void RunAll(int worker)
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
                // Rethrown where the loop was asked for; an exception on a bare thread would end the process.
                _failure = exception;
            }

            Interlocked.Increment(ref _completed);
            return true;
        }
    }

    private void Work(int worker)
    {
        Sleeper sleeper = _sleepers[worker - 1];
        long seen = 0;
        while (true)
        {
            for (int spins = 0; Volatile.Read(ref _generation) == seen; spins++)
            {
                if (spins < SpinsBeforeSleep)
                {
                    Thread.SpinWait(10);
                    continue;
                }

                sleeper.Sleep(this, seen);
                spins = 0;
            }

            seen = Volatile.Read(ref _generation);
            RunAll(worker);
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

    /// <summary>Where a thread waits for the next loop.</summary>
    private sealed class Sleeper
    {
        private int _asleep;

        /// <summary>Returns after the loop after the one seen last has been announced.</summary>
        public void Sleep(ThreadTeam team, long seen)
        {
            Interlocked.Exchange(ref _asleep, 1);
            if (Volatile.Read(ref team._generation) != seen)
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

        public void Wake()
        {
            if (Interlocked.Exchange(ref _asleep, 0) == 1)
            {
                lock (this)
                {
                    Monitor.Pulse(this);
                }
            }
        }
    }
}
