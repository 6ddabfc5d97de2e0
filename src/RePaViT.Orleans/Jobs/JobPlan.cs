namespace RePaViT.Cluster.Jobs;

/// <summary>What a job is: written once.</summary>
internal sealed class JobPlan
{
    /// <summary>Null before it was submitted.</summary>
    public ScoringJob? Job { get; set; }

    /// <summary>The lines of the list that name an image.</summary>
    public long Images { get; set; }

    /// <summary>Where each part begins in the list, in bytes, and finally the length of the list.</summary>
    public long[] Offsets { get; set; } = [];

    public int Parts => Math.Max(0, Offsets.Length - 1);

    /// <summary>The images before a part.</summary>
    public long FirstImage(int part) => (long)part * Job!.ImagesPerPart;

    public int ImagesOf(int part) => (int)Math.Min(Job!.ImagesPerPart, Images - FirstImage(part));
}
