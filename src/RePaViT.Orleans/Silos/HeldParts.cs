using RePaViT.Cluster.Parts;

namespace RePaViT.Cluster.Silos;

/// <summary>What a silo works on for one job. Not for several threads at once.</summary>
internal sealed class HeldParts : IAsyncDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly Dictionary<int, Task<PartEnd>> _running = [];
    private readonly List<PartEnd> _ended = [];
    private string? _message;

    public int Count => _running.Count;

    public int[] Numbers => [.. _running.Keys];

    public IEnumerable<Task> Running => _running.Values;

    /// <param name="part">Its number.</param>
    /// <param name="run">Begins it. The task does not fail.</param>
    public void Add(int part, Func<CancellationToken, Task<PartEnd>> run) => _running[part] = run(_cancellation.Token);

    /// <summary>All that has ended, and that the job may not know of yet.</summary>
    public PartEnd[] TakeStock()
    {
        foreach ((int part, Task<PartEnd> task) in _running.Where(entry => entry.Value.IsCompleted).ToArray())
        {
            _running.Remove(part);
            _ended.Add(task.Result);
        }

        return [.. _ended];
    }

    /// <summary>The job knows of these.</summary>
    public void Forget(PartEnd[] ended) => _ended.RemoveAll(ended.Contains);

    /// <summary>Whether a message is another than the last.</summary>
    public bool IsNews(string message)
    {
        bool isNews = message != _message;
        _message = message;
        return isNews;
    }

    /// <summary>Cancels all and waits until they have ended. What became of them can still be asked.</summary>
    public async ValueTask DisposeAsync()
    {
        await _cancellation.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Values).ConfigureAwait(false);
        _cancellation.Dispose();
    }
}
