namespace RePaViT.Cluster.Jobs;

/// <inheritdoc cref="IRunningJobsGrain"/>
internal sealed class RunningJobsGrain(
    [PersistentState("running", ScoringSiloExtensions.StorageName)] IPersistentState<RunningJobs> stored) : Grain, IRunningJobsGrain
{
    public Task<string[]> GetAsync() => Task.FromResult<string[]>([.. stored.State.Names]);

    public Task AddAsync(string name)
        => stored.State.Names.Contains(name) ? Task.CompletedTask : StoreAsync([.. stored.State.Names, name]);

    public Task RemoveAsync(string name)
        => stored.State.Names.Contains(name) ? StoreAsync([.. stored.State.Names.Where(other => other != name)]) : Task.CompletedTask;

    private async Task StoreAsync(List<string> names)
    {
        stored.State.Names = names;
        try
        {
            await stored.WriteStateAsync();
        }
        catch
        {
            // What was stored counts, and the next call reads it.
            DeactivateOnIdle();
            throw;
        }
    }
}
