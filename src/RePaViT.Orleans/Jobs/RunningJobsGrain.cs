namespace RePaViT.Cluster.Jobs;

/// <inheritdoc cref="IRunningJobsGrain"/>
internal sealed class RunningJobsGrain(
    [PersistentState("running", ScoringSiloExtensions.StorageName)] IPersistentState<RunningJobs> stored) : Grain, IRunningJobsGrain
{
    // The only one of its kind.
    private const long Key = 0;

    public static IRunningJobsGrain Of(IGrainFactory grains) => grains.GetGrain<IRunningJobsGrain>(Key);

    public Task<string[]> GetAsync() => Task.FromResult<string[]>([.. stored.State.Names]);

    public Task AddAsync(string name)
        => stored.State.Names.Contains(name) ? Task.CompletedTask : StoreAsync([.. stored.State.Names, name]);

    public Task RemoveAsync(string name)
        => stored.State.Names.Contains(name) ? StoreAsync([.. stored.State.Names.Where(other => other != name)]) : Task.CompletedTask;

    private Task StoreAsync(List<string> names)
    {
        stored.State.Names = names;
        return this.WriteAsync(stored);
    }
}
