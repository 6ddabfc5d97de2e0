namespace RePaViT;

/// <summary>Ends training when validation no longer becomes better.</summary>
public sealed record EarlyStopping
{
    /// <param name="patience">Epochs without a better validation accuracy after which training ends, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The patience is below 1.</exception>
    public EarlyStopping(int patience = 20)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patience, 1);
        Patience = patience;
    }

    /// <summary>Epochs without a better validation accuracy after which training ends.</summary>
    public int Patience { get; }
}
