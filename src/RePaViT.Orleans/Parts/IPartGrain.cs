namespace RePaViT.Cluster.Parts;

/// <summary>A part of a job, of which the cluster has one at a time; its key is the job's name and the part's number.</summary>
[Alias("repavit.IPartGrain")]
internal interface IPartGrain : IGrainWithStringKey
{
    /// <summary>Computes and stores its results, or joins all. Calls while it is at work get the same answer.</summary>
    /// <returns>Images with an error for a result.</returns>
    /// <remarks>If the silo dies, the call fails as soon as the cluster knows; the time is what Orleans lets a request take.</remarks>
    [ResponseTimeout("02:00:00"), Alias("Run")]
    Task<int> RunAsync(PartWork work, CancellationToken cancellationToken);
}
