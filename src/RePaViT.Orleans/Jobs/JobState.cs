namespace RePaViT.Cluster.Jobs;

/// <summary>How far a job is: written whenever a part begins or ends.</summary>
internal sealed class JobState
{
    public ScoringJobStatus Status { get; set; }

    /// <summary>A bit for each part whose results are stored, from the lowest on.</summary>
    public byte[] Done { get; set; } = [];

    public int PartsDone { get; set; }

    public long ImagesDone { get; set; }

    public long Errors { get; set; }

    /// <summary>How often each part was begun that is not done.</summary>
    public Dictionary<int, int> Attempts { get; set; } = [];

    /// <summary>The hash of the model that all results are of; null before the first part.</summary>
    public string? Model { get; set; }

    /// <summary>Why it failed.</summary>
    public string? Message { get; set; }

    public bool IsDone(int part) => part / 8 < Done.Length && (Done[part / 8] >> (part % 8) & 1) != 0;

    public void SetDone(int part) => Done[part / 8] |= (byte)(1 << (part % 8));
}
