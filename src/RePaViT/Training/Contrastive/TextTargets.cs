namespace RePaViT.Training.Contrastive;

/// <summary>Targets that are the embedding of each image's text.</summary>
/// <param name="texts">One for each image of the data set, all as long.</param>
internal sealed class TextTargets(IReadOnlyList<float[]> texts) : IBatchTargets
{
    public int Length { get; } = texts[0].Length;

    public bool NeedsPixels => false;

    public void Fill(TrainingBatch batch, ImageView[] views, int[] labels, double share, double smoothing, BatchKey key)
    {
        for (int image = 0; image < views.Length; image++)
        {
            texts[views[image].Index].CopyTo(batch.Targets, image * Length);
        }
    }
}
