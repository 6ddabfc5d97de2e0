namespace RePaViT.QuickStart;

/// <summary>Turns the first Ctrl+C into a cancellation; the second ends the process as usual.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    public Interruption() => Console.CancelKeyPress += Cancel;

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        Console.CancelKeyPress -= Cancel;
        _source.Dispose();
    }

    private void Cancel(object? sender, ConsoleCancelEventArgs arguments)
    {
        if (!_source.IsCancellationRequested)
        {
            arguments.Cancel = true;
            _source.Cancel();
        }
    }
}
