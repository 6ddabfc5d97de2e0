using RePaViT.Cluster.Jobs;

namespace RePaViT;

/// <summary>Submits jobs to a cluster and follows them. Safe to use from any number of threads.</summary>
/// <param name="grains">A client of the cluster, or the factory of a silo.</param>
public sealed class ScoringJobs(IGrainFactory grains)
{
    private static readonly TimeSpan _interval = TimeSpan.FromSeconds(0.5);

    private readonly IGrainFactory _grains = grains ?? throw new ArgumentNullException(nameof(grains));

    /// <summary>
    /// Begins a job. The same job under the same name is begun only once, so that a call whose response was lost can be repeated.
    /// </summary>
    /// <param name="name">Its name, for all later calls.</param>
    /// <param name="job">What is to be done.</param>
    /// <exception cref="ArgumentException">The name is empty, or a property of the job has a value that is not accepted.</exception>
    /// <exception cref="ScoringJobException">
    /// There is a different job of that name, the list cannot be read, or the folder cannot be used.
    /// </exception>
    public Task<ScoringProgress> SubmitAsync(string name, ScoringJob job)
    {
        ArgumentNullException.ThrowIfNull(job);
        job.Validate();
        return Grain(name).SubmitAsync(job);
    }

    /// <summary>How far a job is.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="ScoringJobException">There is no job of that name.</exception>
    public Task<ScoringProgress> GetProgressAsync(string name) => Grain(name).GetProgressAsync();

    /// <summary>Ends a job. Silos stop within a poll interval; what they have stored stays. A job that has ended stays as it is.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="ScoringJobException">There is no job of that name.</exception>
    public Task<ScoringProgress> CancelAsync(string name) => Grain(name).CancelAsync();

    /// <summary>
    /// Waits for the end of a job, through failures of silos and of connections. The job itself does not need anyone to wait.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="progress">Receives the progress of the job about twice a second.</param>
    /// <param name="cancellationToken">Ends the wait; the job goes on.</param>
    /// <returns>The progress of a job that is completed.</returns>
    /// <exception cref="ArgumentException">The name is empty.</exception>
    /// <exception cref="ScoringJobException">There is no job of that name, it failed, or it was cancelled.</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    public async Task<ScoringProgress> WaitAsync(
        string name, IProgress<ScoringProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        IScoringJobGrain grain = Grain(name);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await AskAsync(grain, cancellationToken).ConfigureAwait(false) is ScoringProgress now)
            {
                progress?.Report(now);
                switch (now.Status)
                {
                    case ScoringJobStatus.Completed:
                        return now;
                    case ScoringJobStatus.Failed:
                        throw new ScoringJobException(ScoringJobError.Failed, $"The job '{name}' failed: {now.Message}");
                    case ScoringJobStatus.Cancelled:
                        throw new ScoringJobException(ScoringJobError.Cancelled, $"The job '{name}' was cancelled.");
                    default:
                        break;
                }
            }

            await Task.Delay(_interval, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<ScoringProgress?> AskAsync(IScoringJobGrain grain, CancellationToken cancellationToken)
    {
        try
        {
            return await grain.GetProgressAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OrleansException or TimeoutException)
        {
            // The silo that was asked is gone, or about to be; the next call goes to another one.
            return null;
        }
    }

    private IScoringJobGrain Grain(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return _grains.GetGrain<IScoringJobGrain>(name);
    }
}
