using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RePaViT.Cluster.Tests.Support;
using RePaViT.ClusterScoring;

namespace RePaViT.Cluster.Tests;

/// <summary>Jobs on one silo, in this process.</summary>
[TestClass]
public sealed class JobTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    private static ScoringData _data = null!;
    private static IHost _silo = null!;
    private static ScoringJobs _jobs = null!;

    // While it is closed, no image is decoded.
    private static readonly ManualResetEventSlim _gate = new(initialState: true);

    public TestContext TestContext { get; set; } = null!;

    [ClassInitialize]
    public static async Task Start(TestContext context)
    {
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(workers + Environment.ProcessorCount, ports);
        _data = new ScoringData(images: 57);
        _silo = LocalCluster.CreateSilo(_data.File("cluster"), LocalCluster.FreePorts(), new ScoringSiloOptions
        {
            ModelPath = _data.Model,
            MaxImageBytes = 5000,
            PollInterval = TimeSpan.FromSeconds(0.1),
            Decoder = (file, model) =>
            {
                _gate.Wait();
                return ImageFile.Decode(file.Span, model.Preprocessing.Decoding);
            },
        });
        await _silo.StartAsync(context.CancellationToken);
        _jobs = new ScoringJobs(_silo.Services.GetRequiredService<IGrainFactory>());
    }

    [ClassCleanup]
    public static async Task Stop()
    {
        await _silo.StopAsync();
        _silo.Dispose();
        _data.Dispose();
        _gate.Dispose();
    }

    [TestMethod]
    [DataRow(10)]
    [DataRow(57)]
    [DataRow(1000)]
    public async Task Results_are_those_of_one_process_in_the_order_of_the_list(int imagesPerPart)
    {
        string name = $"order-{imagesPerPart}";

        ScoringProgress submitted = await _jobs.SubmitAsync(name, _data.Job(name, imagesPerPart));
        ScoringProgress done = await WaitAsync(name);

        Assert.AreEqual((57 + imagesPerPart - 1) / imagesPerPart, submitted.Parts);
        Assert.AreEqual((submitted.Parts, 57L, 0L), (done.PartsDone, done.ImagesDone, done.Errors));
        CollectionAssert.AreEqual(_data.Expected, await File.ReadAllLinesAsync(done.ResultFile, TestContext.CancellationToken));
    }

    [TestMethod]
    public async Task A_broken_image_has_an_error_for_a_result()
    {
        await File.WriteAllBytesAsync(_data.File("cut.png"), (await File.ReadAllBytesAsync(_data.File("0.png")))[..200]);
        await File.WriteAllBytesAsync(_data.File("large.png"), new byte[5001]);
        string list = _data.File("broken.txt");
        await File.WriteAllTextAsync(list, "0.png\ncut.png\n\n \nmissing.png\r\nlarge.png\n1.png");

        await _jobs.SubmitAsync("broken", _data.Job("broken", 2) with { ImageList = list });
        ScoringProgress done = await WaitAsync("broken");

        string[] lines = await File.ReadAllLinesAsync(done.ResultFile, TestContext.CancellationToken);
        Assert.AreEqual((5L, 5L, 3L), (done.Images, done.ImagesDone, done.Errors));
        Assert.HasCount(5, lines);
        Assert.AreEqual(_data.Expected[0], lines[0]);
        StringAssert.StartsWith(lines[1], """{"index":1,"file":"cut.png","error":"The PNG file is incomplete""");
        StringAssert.StartsWith(lines[2], """{"index":2,"file":"missing.png","error":""");
        StringAssert.StartsWith(lines[3], """{"index":3,"file":"large.png","error":"The file has 5001 bytes""");
        Assert.AreEqual(_data.Expected[1].Replace("\"index\":1,", "\"index\":4,", StringComparison.Ordinal), lines[4]);
    }

    [TestMethod]
    public async Task An_empty_list_has_empty_results()
    {
        string list = _data.File("empty.txt");
        await File.WriteAllTextAsync(list, "\n\n");

        await _jobs.SubmitAsync("empty", _data.Job("empty", 10) with { ImageList = list });
        ScoringProgress done = await WaitAsync("empty");

        Assert.AreEqual((0L, 0), (done.Images, done.Parts));
        Assert.AreEqual(0, new FileInfo(done.ResultFile).Length);
    }

    [TestMethod]
    public async Task A_job_can_be_cancelled()
    {
        _gate.Reset();
        try
        {
            await _jobs.SubmitAsync("cancelled", _data.Job("cancelled", 10));
            ScoringProgress cancelled = await _jobs.CancelAsync("cancelled");

            Assert.AreEqual(ScoringJobStatus.Cancelled, cancelled.Status);
            ScoringJobException exception = await Assert.ThrowsExactlyAsync<ScoringJobException>(() => WaitAsync("cancelled"));
            Assert.AreEqual(ScoringJobError.Cancelled, exception.Error);
        }
        finally
        {
            _gate.Set();
        }

        // The silo is free for others.
        await _jobs.SubmitAsync("after", _data.Job("after", 10));
        await WaitAsync("after");
        Assert.AreEqual(ScoringJobStatus.Cancelled, (await _jobs.GetProgressAsync("cancelled")).Status);
        Assert.IsFalse(File.Exists(Path.Combine(_data.File("cancelled"), "results.jsonl")));
    }

    [TestMethod]
    public async Task The_same_job_is_begun_once_and_another_of_its_name_is_refused()
    {
        ScoringJob job = _data.Job("once", 10);
        await _jobs.SubmitAsync("once", job);
        ScoringProgress done = await WaitAsync("once");

        Assert.AreEqual(done, await _jobs.SubmitAsync("once", job));
        await AssertErrorAsync(ScoringJobError.NameTaken, () => _jobs.SubmitAsync("once", job with { ImagesPerPart = 11 }));
    }

    [TestMethod]
    public async Task What_cannot_be_done_is_refused()
    {
        await AssertErrorAsync(ScoringJobError.NotFound, () => _jobs.GetProgressAsync("nobody knows it"));
        await AssertErrorAsync(ScoringJobError.NotFound, () => _jobs.CancelAsync("nobody knows it"));
        await AssertErrorAsync(ScoringJobError.NotFound, () => WaitAsync("nobody knows it"));
        await AssertErrorAsync(
            ScoringJobError.Refused, () => _jobs.SubmitAsync("no list", _data.Job("no list", 10) with { ImageList = _data.File("none.txt") }));
        await AssertErrorAsync(
            ScoringJobError.Refused,
            () => _jobs.SubmitAsync("full folder", _data.Job("x", 10) with { OutputFolder = Path.GetDirectoryName(_data.List)! }));
        await Assert.ThrowsAsync<ArgumentException>(() => _jobs.SubmitAsync(" ", _data.Job("x", 10)));
        await Assert.ThrowsExactlyAsync<ArgumentNullException>(() => _jobs.SubmitAsync("x", null!));
    }

    [TestMethod]
    public async Task A_part_that_cannot_be_stored_is_tried_again_and_ends_the_job()
    {
        ScoringJob job = _data.Job("unwritable", 57) with { MaxAttempts = 3 };
        _gate.Reset();
        try
        {
            await _jobs.SubmitAsync("unwritable", job);

            // A file where the folder of parts would be.
            await File.WriteAllTextAsync(Path.Combine(job.OutputFolder, "parts"), "");
        }
        finally
        {
            _gate.Set();
        }

        ScoringJobException exception = await AssertErrorAsync(ScoringJobError.Failed, () => WaitAsync("unwritable"));
        StringAssert.Contains(exception.Message, "Part 0 (images 0 to 56 of the list) was started 3 times");
    }

    [TestMethod]
    public async Task A_list_that_changes_ends_the_job()
    {
        string list = _data.File("changing.txt");
        await File.WriteAllTextAsync(list, "0.png\n1.png\n2.png\n");
        _gate.Reset();
        try
        {
            await _jobs.SubmitAsync("changing", _data.Job("changing", 1) with { ImageList = list, MaxAttempts = 1 });
            await File.AppendAllTextAsync(list, "3.png\n");
        }
        finally
        {
            _gate.Set();
        }

        ScoringJobException exception = await AssertErrorAsync(ScoringJobError.Failed, () => WaitAsync("changing"));
        StringAssert.Contains(exception.Message, "has changed since the job began");
    }

    [TestMethod]
    public async Task A_silo_that_is_stopped_gives_its_parts_back()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using IHost other = LocalCluster.CreateSilo(_data.File("cluster"), LocalCluster.FreePorts(), new ScoringSiloOptions
        {
            ModelPath = _data.Model,
            PollInterval = TimeSpan.FromSeconds(0.1),
            Decoder = (file, model) =>
            {
                // A part takes long enough for the stop to come in its middle.
                begun.TrySetResult();
                Thread.Sleep(TimeSpan.FromSeconds(0.5));
                return ImageFile.Decode(file.Span, model.Preprocessing.Decoding);
            },
        });
        await other.StartAsync(TestContext.CancellationToken);
        _gate.Reset();
        try
        {
            // A part that is begun again would end the job.
            await _jobs.SubmitAsync("stopped", _data.Job("stopped", 10) with { MaxAttempts = 1 });
            await begun.Task.WaitAsync(_patience, TestContext.CancellationToken);
            await other.StopAsync(TestContext.CancellationToken);
        }
        finally
        {
            _gate.Set();
        }

        ScoringProgress done = await WaitAsync("stopped");
        CollectionAssert.AreEqual(_data.Expected, await File.ReadAllLinesAsync(done.ResultFile, TestContext.CancellationToken));
    }

    private static async Task<ScoringJobException> AssertErrorAsync(ScoringJobError expected, Func<Task> act)
    {
        ScoringJobException exception = await Assert.ThrowsExactlyAsync<ScoringJobException>(act);
        Assert.AreEqual(expected, exception.Error, exception.Message);
        return exception;
    }

    private async Task<ScoringProgress> WaitAsync(string name)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.CancellationToken);
        stop.CancelAfter(_patience);
        return await _jobs.WaitAsync(name, cancellationToken: stop.Token);
    }
}
