namespace RePaViT.Training;

/// <summary>Images and their soft targets, in buffers that are used again and again.</summary>
internal sealed class TrainingBatch(int capacity, int imageLength, int classes)
{
    /// <summary>Number of images in use, at most <see cref="Capacity"/>.</summary>
    public int Count { get; set; }

    public int Capacity { get; } = capacity;

    /// <summary>Normalized pixels, [capacity, channels, size, size].</summary>
    public float[] Images { get; } = new float[(long)capacity * imageLength];

    /// <summary>Probabilities to be learned, [capacity, classes]; each row adds up to 1.</summary>
    public float[] Targets { get; } = new float[(long)capacity * classes];
}
