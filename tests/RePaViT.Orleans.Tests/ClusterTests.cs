using RePaViT.Cluster.Jobs;
using RePaViT.Cluster.Tests.Support;

namespace RePaViT.Cluster.Tests;

/// <summary>Silos are processes. They hold parts that they cannot end until the test lets them, so that what it does comes in the middle of a job.</summary>
[TestClass]
public sealed class ClusterTests : IDisposable
{
    private const string JobName = "job";
    private const int Parts = 40;
    private const int ImagesPerPart = 10;
    private const int EnoughForAll = Parts * ImagesPerPart;
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan _interval = TimeSpan.FromMilliseconds(50);

    private readonly ScoringData _data = new(Parts * ImagesPerPart);
    private readonly List<SiloChild> _silos = [];
    private readonly CancellationTokenSource _stop = new(_patience);

    private ScoringJob Job => _data.Job("output", ImagesPerPart);

    private string GoOn => _data.File("go-on");

    public void Dispose()
    {
        foreach (SiloChild silo in _silos)
        {
            silo.Dispose();
        }

        _data.Dispose();
        _stop.Dispose();
    }

    [TestMethod]
    public Task A_silo_that_is_killed_loses_nothing_and_repeats_nothing()
        => KillAsync(_ => Task.FromResult(_silos[new Random().Next(_silos.Count)]));

    [TestMethod]
    public Task A_job_survives_the_silo_that_holds_it() => KillAsync(async grains =>
    {
        SiloAddress? holder = await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grains.GetGrain<IScoringJobGrain>(JobName));
        return _silos.Single(silo => silo.Port == holder!.Endpoint.Port);
    });

    [TestMethod]
    public async Task A_silo_that_joins_takes_its_share()
    {
        StartSilos(imagesBeforeHold: [0]);
        await using ClusterClient client = await ClusterClient.ConnectAsync(_data.File("cluster"), _stop.Token);
        await client.Jobs.SubmitAsync(JobName, Job);
        await UntilAllHoldAsync();
        Assert.AreEqual(0, (await client.Jobs.GetProgressAsync(JobName)).PartsDone);

        StartSilos(imagesBeforeHold: [EnoughForAll]);
        int held = new ScoringSiloOptions { Decoder = (_, _) => default }.PartsInFlight;
        await UntilAsync(async () => (await client.Jobs.GetProgressAsync(JobName)).PartsDone == Parts - held);
        await GoOnAsync();

        await AssertCompletedAsync(client.Jobs);

        // Errors keep their type on the way from another process.
        ScoringJobException exception = await Assert.ThrowsExactlyAsync<ScoringJobException>(
            () => client.Jobs.SubmitAsync(JobName, Job with { ImagesPerPart = 11 }));
        Assert.AreEqual(ScoringJobError.NameTaken, exception.Error);
        StringAssert.Contains(exception.Message, _data.List);
    }

    private async Task KillAsync(Func<IClusterClient, Task<SiloChild>> choose)
    {
        StartSilos(imagesBeforeHold: [3 * ImagesPerPart, 3 * ImagesPerPart, 3 * ImagesPerPart]);
        await using ClusterClient client = await ClusterClient.ConnectAsync(_data.File("cluster"), _stop.Token);
        await client.Jobs.SubmitAsync(JobName, Job);
        await UntilAllHoldAsync();
        SiloChild victim = await choose(client.Grains);

        victim.Kill();
        await GoOnAsync();

        await AssertCompletedAsync(client.Jobs);
    }

    private void StartSilos(int[] imagesBeforeHold)
    {
        SiloChild[] silos = [.. imagesBeforeHold.Select(images => new SiloChild(_data.File("cluster"), _data.Model, images, GoOn))];
        _silos.AddRange(silos);
        foreach (SiloChild silo in silos)
        {
            silo.WaitUntilReady();
        }
    }

    private Task UntilAllHoldAsync() => UntilAsync(() => Task.FromResult(_silos.All(silo => silo.Holds)));

    private async Task UntilAsync(Func<Task<bool>> isSo)
    {
        while (!await isSo())
        {
            await Task.Delay(_interval, _stop.Token);
        }
    }

    private Task GoOnAsync() => File.WriteAllTextAsync(GoOn, "", _stop.Token);

    private async Task AssertCompletedAsync(ScoringJobs jobs)
    {
        ScoringProgress done = await jobs.WaitAsync(JobName, cancellationToken: _stop.Token);

        string results = Path.Combine(Job.OutputFolder, "results.jsonl");
        Assert.AreEqual(
            new ScoringProgress(
                ScoringJobStatus.Completed, Parts * ImagesPerPart, Parts * ImagesPerPart, 0, Parts, Parts, results, null),
            done);
        CollectionAssert.AreEqual(_data.Expected, await File.ReadAllLinesAsync(results, _stop.Token));
        CollectionAssert.AreEqual(new[] { results }, Directory.GetFileSystemEntries(Job.OutputFolder));
    }
}
