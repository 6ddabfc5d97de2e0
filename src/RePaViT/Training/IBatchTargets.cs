using RePaViT.Randomness;

namespace RePaViT.Training;

/// <summary>Makes what the images of a batch should give. Safe to use from several threads at once.</summary>
internal interface IBatchTargets
{
    /// <summary>Values of an image's target.</summary>
    int Length { get; }

    /// <summary>Whether the images are needed as they are before they are normalized.</summary>
    bool NeedsPixels { get; }

    /// <summary>Writes the targets of a batch.</summary>
    /// <param name="batch">The images, with <see cref="TrainingBatch.Pixels"/> if they are needed.</param>
    /// <param name="views">What is seen of each.</param>
    /// <param name="labels">What the data set says about each.</param>
    /// <param name="share">What each image keeps of itself; the rest is of its partner.</param>
    /// <param name="smoothing">Probability that is taken from every label and spread over all classes.</param>
    /// <param name="key">Names the batch, for random choices.</param>
    void Fill(TrainingBatch batch, ImageView[] views, int[] labels, double share, double smoothing, BatchKey key);
}

/// <summary>A batch of a run. What is random in it follows from this.</summary>
internal readonly record struct BatchKey(ulong Seed, int Epoch, int Batch)
{
    public RandomStream Stream(RandomPurpose purpose) => new(Seed, purpose, Epoch, Batch);
}
