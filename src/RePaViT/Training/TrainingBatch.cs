namespace RePaViT.Training;

/// <summary>Images and their soft targets, in buffers that are used again and again.</summary>
/// <param name="capacity">Greatest number of images.</param>
/// <param name="imageLength">Values of an image.</param>
/// <param name="targetLength">Values of a target.</param>
/// <param name="keepsPixels">Whether images are wanted as they are before they are normalized, too.</param>
/// <param name="localLength">Values of all small crops of an image.</param>
internal sealed class TrainingBatch(int capacity, int imageLength, int targetLength, bool keepsPixels = false, int localLength = 0)
{
    /// <summary>Number of images in use, at most <see cref="Capacity"/>.</summary>
    public int Count { get; set; }

    public int Capacity { get; } = capacity;

    /// <summary>
    /// Normalized pixels, [capacity, channels, size, size]; without labels [capacity, large crops, channels, size, size].
    /// </summary>
    public float[] Images { get; } = new float[(long)capacity * imageLength];

    /// <summary>Normalized pixels of small crops, [capacity, crops, channels, local size, local size]; empty with labels.</summary>
    public float[] LocalCrops { get; } = new float[(long)capacity * localLength];

    /// <summary>The same images from 0 to 255, before parts of them are erased; empty unless they are wanted.</summary>
    public float[] Pixels { get; } = keepsPixels ? new float[(long)capacity * imageLength] : [];

    /// <summary>
    /// What is to be learned: probabilities, [capacity, classes], or [capacity, tokens, classes] where the network gives logits of
    /// every token, each row of which adds up to 1; or those of the classes and what a teacher says, [capacity, length].
    /// </summary>
    public float[] Targets { get; } = new float[(long)capacity * targetLength];

    /// <summary>
    /// The tokens that an image exchanges with its partner, which is image n-1-i for image i of n: none unless MixToken is on.
    /// </summary>
    public CutBox Exchanged { get; set; }
}
