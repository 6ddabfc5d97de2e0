namespace RePaViT;

/// <summary>Training was abandoned because its loss, gradients or weights were no longer finite numbers.</summary>
public sealed class TrainingDivergedException : Exception
{
    internal TrainingDivergedException(string what, long step, string? checkpointPath)
        : base($"{what} in step {step}: training diverged. A lower learning rate or a longer warm-up may help. "
            + (checkpointPath is null ? "There is no checkpoint." : $"The last finite state is in '{checkpointPath}'."))
    {
        Step = step;
        CheckpointPath = checkpointPath;
    }

    /// <summary>The step of the optimizer in which it happened, counted from 1.</summary>
    public long Step { get; }

    /// <summary>The last checkpoint written before it happened; null if there is none.</summary>
    public string? CheckpointPath { get; }
}
