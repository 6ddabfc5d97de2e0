using RePaViT.Threading;

namespace RePaViT;

/// <summary>How a training run is carried out. Nothing here changes its result.</summary>
public sealed record TrainerOptions
{
    /// <summary>The largest number of threads to compute with, from 1 to 1024; null for one per core. Default null.</summary>
    public int? Threads { get; init; }

    /// <summary>
    /// The file that keeps the state of the run, for <see cref="Trainer.Resume"/>; its folder must exist. It is replaced
    /// atomically at the start, after every epoch and on cancellation. Null for none. Default null.
    /// </summary>
    public string? CheckpointPath { get; init; }

    /// <summary>
    /// The number of optimizer steps after which the checkpoint is written within an epoch too, at least 1. Default 1000.
    /// </summary>
    public int CheckpointEverySteps { get; init; } = 1000;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Threads ?? 1, 1, nameof(Threads));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Threads ?? 1, ThreadTeam.MaxSize, nameof(Threads));
        ArgumentOutOfRangeException.ThrowIfLessThan(CheckpointEverySteps, 1);
        if (CheckpointPath is null)
        {
            return;
        }

        ArgumentException.ThrowIfNullOrWhiteSpace(CheckpointPath);
        string path = Path.GetFullPath(CheckpointPath);
        if (Directory.Exists(path) || !Directory.Exists(Path.GetDirectoryName(path)))
        {
            throw new ArgumentException(
                $"{nameof(CheckpointPath)} '{CheckpointPath}' is not accepted: a file in a folder that exists is needed.");
        }
    }
}
