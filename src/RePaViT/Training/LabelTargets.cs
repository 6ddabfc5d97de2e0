namespace RePaViT.Training;

/// <summary>Targets of the data set's labels alone.</summary>
internal sealed class LabelTargets(int classes) : IBatchTargets
{
    public int Length => classes;

    public bool NeedsPixels => false;

    public void Fill(TrainingBatch batch, ImageView[] views, int[] labels, double share, double smoothing, BatchKey key)
        => AugmentationMixing.WriteTargets(batch.Targets, labels, classes, share, smoothing);
}
