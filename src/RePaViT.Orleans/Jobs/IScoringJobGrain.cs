using RePaViT.Cluster.Parts;

namespace RePaViT.Cluster.Jobs;

/// <summary>A job; its key is its name.</summary>
[Alias("repavit.IScoringJobGrain")]
internal interface IScoringJobGrain : IGrainWithStringKey
{
    /// <summary>Begins it. A list of millions takes its time.</summary>
    [ResponseTimeout("01:00:00"), Alias("Submit")]
    Task<ScoringProgress> SubmitAsync(ScoringJob job);

    [Alias("GetProgress")]
    Task<ScoringProgress> GetProgressAsync();

    [Alias("Cancel")]
    Task<ScoringProgress> CancelAsync();

    /// <summary>A silo says what became of its parts, and gets others.</summary>
    [Alias("Exchange")]
    Task<Assignment> ExchangeAsync(SiloReport report);
}
