namespace RePaViT.Tests.Support;

/// <summary>Does something once an epoch is finished: unlike <see cref="Progress{T}"/>, at once, on the training thread.</summary>
/// <param name="epoch">The epoch, counted from 1.</param>
/// <param name="action">What to do: cancel, for instance.</param>
internal sealed class AfterEpoch(int epoch, Action action) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        if (value.FinishedEpoch?.Epoch == epoch)
        {
            action();
        }
    }
}
