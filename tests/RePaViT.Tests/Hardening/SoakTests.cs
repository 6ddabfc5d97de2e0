using System.Diagnostics;
using System.Globalization;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Hardening;

/// <summary>A model that answers for a long time: always the same, in the same memory.</summary>
[TestClass]
public sealed class SoakTests
{
    private const int Predictions = 100_000;
    private const int Threads = 8;

    // Less than one byte for each prediction, so that none can leave an object behind.
    private const long MostManagedBytes = Predictions / 2;

    // The system's account of a process that has done all this before goes up and down by single pages and thread stacks.
    private const long MostOtherBytes = 8 << 20;

    [TestMethod]
    public void A_hundred_thousand_predictions_on_eight_threads_are_equal_to_the_bit_and_leave_nothing_behind()
    {
        var architecture = new ViTArchitecture { ImageSize = 8, PatchSize = 4, Dim = 12, Depth = 2, Heads = 3, Classes = 3, IdleRatio = 0.5 };
        RePaViTModel model = new RePaViTModel(
            architecture, NetworkForm.Trained, RandomWeights.Network(architecture, seed: 1).Weights, ["a", "b", "c"]).Reparameterize();
        RgbImage[] images = [.. Enumerable.Range(0, 61).Select(i => TestImages.Random(8 + i % 5, 8 + i % 3, seed: i))];
        float[][] expected = [.. images.Select(image => model.Predict(image).Probabilities.ToArray())];
        int different = 0;
        Predict(Predictions / 5);
        (long managedBefore, long allBefore) = Memory();

        var clock = Stopwatch.StartNew();
        Predict(Predictions);
        double seconds = clock.Elapsed.TotalSeconds;

        (long managedAfter, long allAfter) = Memory();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Predictions} predictions on {Threads} threads in {seconds:F1} s: {different} differ; {managedBefore} bytes of objects before, {managedAfter} after, "
            + $"{allBefore >> 10} KiB in use before, {allAfter >> 10} after."));
        Assert.AreEqual(0, different);
        Assert.IsLessThan(MostManagedBytes, managedAfter - managedBefore);
        Assert.IsLessThan(MostOtherBytes, allAfter - allBefore);

        void Predict(int count)
        {
            Thread[] threads = [.. Enumerable.Range(0, Threads).Select(thread => new Thread(() =>
            {
                for (int i = thread; i < count; i += Threads)
                {
                    if (!model.Predict(images[i % images.Length]).Probabilities.SequenceEqual(expected[i % images.Length]))
                    {
                        Interlocked.Increment(ref different);
                    }
                }
            }))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
        }
    }

    private static (long Managed, long All) Memory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        long managed = GC.GetTotalMemory(forceFullCollection: true);
        using Process process = Process.GetCurrentProcess();
        return (managed, process.WorkingSet64);
    }
}
