using Orleans.Concurrency;
using Orleans.Placement;
using RePaViT.Cluster.Silos;

namespace RePaViT.Cluster.Parts;

/// <inheritdoc cref="IPartGrain"/>
[Reentrant, PreferLocalPlacement]
internal sealed class PartGrain(SiloScorer scorer) : Grain, IPartGrain
{
    private Task<int>? _running;

    public async Task<int> RunAsync(PartWork work, CancellationToken cancellationToken)
    {
        // On threads of the pool: it reads files and computes, and turns of grains are short.
        _running ??= Task.Run(
            () => work.IsJoin
                ? Task.FromResult(PartFiles.Join(work, cancellationToken))
                : scorer.ScoreAsync(work, cancellationToken),
            cancellationToken);
        try
        {
            return await _running;
        }
        finally
        {
            _running = null;
            DeactivateOnIdle();
        }
    }
}
