namespace RePaViT.Cluster.Jobs;

/// <summary>The names of all jobs that have not ended, the oldest first: where silos look for work. There is one.</summary>
[Alias("repavit.IRunningJobsGrain")]
internal interface IRunningJobsGrain : IGrainWithIntegerKey
{
    [Alias("Get")]
    Task<string[]> GetAsync();

    [Alias("Add")]
    Task AddAsync(string name);

    [Alias("Remove")]
    Task RemoveAsync(string name);
}
