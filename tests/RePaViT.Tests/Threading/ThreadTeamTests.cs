using System.Collections.Concurrent;
using RePaViT.Threading;

namespace RePaViT.Tests.Threading;

[TestClass]
public class ThreadTeamTests
{
    [TestMethod]
    public void Every_iteration_runs_once()
    {
        ThreadTeam team = ThreadTeam.Get(3);
        for (int round = 0; round < 2000; round++)
        {
            int[] runs = new int[round % 17];
            team.Run(runs.Length, (iteration, worker) =>
            {
                Assert.IsTrue(worker >= 0 && worker < 3);
                Interlocked.Increment(ref runs[iteration]);
            });
            Assert.IsTrue(runs.All(count => count == 1), $"round {round}");
        }
    }

    [TestMethod]
    public void Callers_at_the_same_time_do_not_disturb_each_other()
    {
        ThreadTeam team = ThreadTeam.Get(2);
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, caller =>
        {
            for (int round = 0; round < 300; round++)
            {
                int sum = 0;
                team.Run(10, (iteration, _) => Interlocked.Add(ref sum, iteration));
                Assert.AreEqual(45, sum, $"caller {caller}");
            }
        });
    }

    [TestMethod]
    public void A_failure_reaches_the_caller_and_the_team_lives_on()
    {
        ThreadTeam team = ThreadTeam.Get(2);
        for (int round = 0; round < 50; round++)
        {
            Assert.ThrowsExactly<InvalidOperationException>(() => team.Run(8, (iteration, _) =>
            {
                if (iteration == 5)
                {
                    throw new InvalidOperationException("five");
                }
            }));
            int count = 0;
            team.Run(8, (_, _) => Interlocked.Increment(ref count));
            Assert.AreEqual(8, count);
        }
    }

    [TestMethod]
    public void Teams_of_all_sizes_share_the_threads_of_the_largest()
    {
        const int Largest = 40;
        var threads = new ConcurrentDictionary<int, bool>();
        for (int size = 1; size <= Largest; size++)
        {
            // Nobody ends an iteration before all are in one: each thread of the team must come.
            using var all = new Barrier(size);
            ThreadTeam.Get(size).Run(size, (_, worker) =>
            {
                threads[Environment.CurrentManagedThreadId] = true;
                Assert.IsTrue(all.SignalAndWait(TimeSpan.FromMinutes(1)), $"worker {worker} of {all.ParticipantCount}");
            });
            Assert.IsTrue(threads.Count >= size, $"{threads.Count} threads, {size} asked for");
        }

        Assert.AreEqual(Largest, threads.Count);
    }

    [TestMethod]
    public void Teams_that_compute_at_the_same_time_never_share_a_worker()
    {
        Parallel.For(2, 6, new ParallelOptions { MaxDegreeOfParallelism = 4 }, size =>
        {
            ThreadTeam team = ThreadTeam.Get(size);
            int[] inside = new int[size];
            for (int round = 0; round < 500; round++)
            {
                int sum = 0;
                team.Run(3 * size, (iteration, worker) =>
                {
                    Assert.AreEqual(1, Interlocked.Increment(ref inside[worker]), $"worker {worker} of {size}");
                    Thread.SpinWait(20);
                    Interlocked.Add(ref sum, iteration);
                    Interlocked.Decrement(ref inside[worker]);
                });
                Assert.AreEqual(3 * size * (3 * size - 1) / 2, sum);
            }
        });
    }

    [TestMethod]
    public void No_threads_are_refused()
        => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ThreadTeam.Get(0));
}
