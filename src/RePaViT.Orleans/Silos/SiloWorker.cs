using Microsoft.Extensions.Logging;
using RePaViT.Cluster.Jobs;
using RePaViT.Cluster.Parts;

namespace RePaViT.Cluster.Silos;

/// <summary>
/// Asks for parts of jobs as long as the silo lives, up to the number that it may work on: a silo that joins takes its share at once, a
/// fast one takes more, and a job whose silo died is called back to life.
/// </summary>
internal sealed partial class SiloWorker(
    IGrainFactory grains, ILocalSiloDetails silo, SiloScorer scorer, ScoringSiloOptions options, ILogger<SiloWorker> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    // The loop alone touches them.
    private readonly Dictionary<string, HeldParts> _jobs = [];
    private Task _loop = Task.CompletedTask;

    public void Participate(ISiloLifecycle observer) => observer.Subscribe(
        nameof(SiloWorker), ServiceLifecycleStage.Active,
        _ =>
        {
            _loop = Task.Run(WorkAsync, CancellationToken.None);
            return Task.CompletedTask;
        },
        StopAsync);

    public void Dispose() => _stopping.Dispose();

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _loop.WaitAsync(cancellationToken).ConfigureAwait(false);
        foreach (HeldParts job in _jobs.Values)
        {
            await job.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        // Others need not wait until the cluster knows that this silo is gone.
        await ExchangeAllAsync([.. _jobs.Keys], takesMore: false).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task WorkAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            await TurnAsync().ConfigureAwait(false);
            Task pause = Task.Delay(options.PollInterval, _stopping.Token);
            await Task.WhenAny([pause, .. _jobs.Values.SelectMany(job => job.Running)]).ConfigureAwait(false);
        }
    }

    private async Task TurnAsync()
    {
        string[] names;
        try
        {
            names = await RunningJobsGrain.Of(grains).GetAsync().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The cluster or its storage has a problem: what is in the works goes on, and the next turn asks again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogUnreachable(exception, "the list of jobs");
            return;
        }

        foreach (string name in _jobs.Keys.Except(names).ToArray())
        {
            Drop(name);
        }

        await ExchangeAllAsync(names, takesMore: true).ConfigureAwait(false);
    }

    private async Task ExchangeAllAsync(string[] names, bool takesMore)
    {
        foreach (string name in names)
        {
            try
            {
                await ExchangeAsync(name, takesMore).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // As above, for one job.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                LogUnreachable(exception, name);
            }
        }
    }

    private async Task ExchangeAsync(string name, bool takesMore)
    {
        if (!_jobs.TryGetValue(name, out HeldParts? job))
        {
            _jobs.Add(name, job = new HeldParts());
        }

        PartEnd[] ended = job.TakeStock();
        int free = takesMore ? options.PartsInFlight - _jobs.Values.Sum(other => other.Count) : 0;
        var report = new SiloReport(silo.SiloAddress, scorer.ModelHash, job.Numbers, ended, Math.Max(0, free));
        Assignment assignment = await grains.GetGrain<IScoringJobGrain>(name).ExchangeAsync(report).ConfigureAwait(false);
        job.Forget(ended);
        if (!assignment.IsRunning)
        {
            Drop(name);
            return;
        }

        if (assignment.Message is string message && job.IsNews(message))
        {
            LogRefusal(name, message);
        }

        foreach (PartWork part in assignment.Parts)
        {
            job.Add(part.Part, token => RunAsync(name, part, token));
        }
    }

    private void Drop(string name)
    {
        if (_jobs.Remove(name, out HeldParts? job))
        {
            // Nobody asks what becomes of them.
            _ = job.DisposeAsync().AsTask();
        }
    }

    private async Task<PartEnd> RunAsync(string name, PartWork part, CancellationToken cancellationToken)
    {
        try
        {
            int errors = await grains.GetGrain<IPartGrain>($"{name}/{part.Part}").RunAsync(part, cancellationToken).ConfigureAwait(false);
            return new PartEnd(part.Part, PartOutcome.Done, errors, null);
        }
        catch (Exception exception) when (exception is OperationCanceledException or OrleansException)
        {
            // Its own silo ends, or another one that was still at this part has gone.
            return new PartEnd(part.Part, PartOutcome.Returned, 0, null);
        }
#pragma warning disable CA1031 // The job decides what a failure means.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailure(exception, part.Part, name);
            return new PartEnd(part.Part, PartOutcome.Failed, 0, exception.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} cannot be reached; it will be tried again.")]
    private partial void LogUnreachable(Exception exception, string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The job '{Name}' gives this silo no parts: {Message}")]
    private partial void LogRefusal(string name, string message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Part {Part} of the job '{Name}' failed.")]
    private partial void LogFailure(Exception exception, int part, string name);
}
