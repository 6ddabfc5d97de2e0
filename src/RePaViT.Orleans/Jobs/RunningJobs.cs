namespace RePaViT.Cluster.Jobs;

/// <summary>What <see cref="RunningJobsGrain"/> stores.</summary>
internal sealed class RunningJobs
{
    /// <summary>The oldest first.</summary>
    public List<string> Names { get; set; } = [];
}
