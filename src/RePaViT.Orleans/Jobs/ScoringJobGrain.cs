using RePaViT.Cluster.Parts;

namespace RePaViT.Cluster.Jobs;

/// <summary>
/// A job. It does nothing by itself: silos ask for work, wherever the job is then, so that the silo that held it can die. The next one
/// reads what was stored.
/// </summary>
internal sealed class ScoringJobGrain(
    [PersistentState("plan", ScoringSiloExtensions.StorageName)] IPersistentState<JobPlan> plan,
    [PersistentState("progress", ScoringSiloExtensions.StorageName)] IPersistentState<JobState> progress,
    ISiloStatusOracle silos) : Grain, IScoringJobGrain
{
    private JobBoard? _board;

    private string Name => this.GetPrimaryKeyString();

    private IRunningJobsGrain RunningJobs => RunningJobsGrain.Of(GrainFactory);

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (plan.State.Job is not null)
        {
            CreateBoard();
        }

        return Task.CompletedTask;
    }

    public async Task<ScoringProgress> SubmitAsync(ScoringJob job)
    {
        if (_board is null)
        {
            (plan.State.Images, plan.State.Offsets) = await Task.Run(() => Prepare(job));
            plan.State.Job = job;
            await this.WriteAsync(plan);
            CreateBoard();
        }
        else if (plan.State.Job != job)
        {
            throw new ScoringJobException(
                ScoringJobError.NameTaken, $"A job '{Name}' exists already, for the list '{plan.State.Job!.ImageList}': "
                    + "another name is needed.");
        }

        if (_board!.IsRunning)
        {
            await RunningJobs.AddAsync(Name);
        }

        return _board.Progress;
    }

    public Task<ScoringProgress> GetProgressAsync() => Task.FromResult(Board().Progress);

    public async Task<ScoringProgress> CancelAsync()
    {
        JobBoard board = Board();
        if (board.IsRunning)
        {
            progress.State.Status = ScoringJobStatus.Cancelled;
            await this.WriteAsync(progress);
            await RunningJobs.RemoveAsync(Name);
        }

        return board.Progress;
    }

    public async Task<Assignment> ExchangeAsync(SiloReport report)
    {
        Assignment assignment = new(IsRunning: false, [], null);
        if (_board is not null)
        {
            assignment = _board.Exchange(report, IsAlive, out bool isChanged);
            if (isChanged)
            {
                await this.WriteAsync(progress);
            }
        }

        if (!assignment.IsRunning)
        {
            await RunningJobs.RemoveAsync(Name);
        }

        return assignment;
    }

    /// <exception cref="ScoringJobException">The list cannot be read, or the folder cannot be used.</exception>
    private static (long Images, long[] Offsets) Prepare(ScoringJob job)
    {
        try
        {
            job.Validate();
            Directory.CreateDirectory(job.OutputFolder);
            if (Directory.EnumerateFileSystemEntries(job.OutputFolder).Any())
            {
                throw new IOException($"'{job.OutputFolder}' is not empty: each job needs a folder of its own.");
            }

            return ImageListFile.Index(job.ImageList, job.ImagesPerPart);
        }
        catch (Exception exception) when (
            exception is ArgumentException or IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException)
        {
            throw new ScoringJobException(ScoringJobError.Refused, exception.Message);
        }
    }

    private JobBoard Board() => _board
        ?? throw new ScoringJobException(ScoringJobError.NotFound, $"There is no job '{Name}': it must be submitted first.");

    private void CreateBoard()
    {
        if (progress.State.Done.Length == 0)
        {
            progress.State.Done = new byte[(plan.State.Parts + 7) / 8];
        }

        _board = new JobBoard(plan.State, progress.State);
    }

    private bool IsAlive(SiloAddress silo) => silos.GetApproximateSiloStatus(silo) is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping;
}
