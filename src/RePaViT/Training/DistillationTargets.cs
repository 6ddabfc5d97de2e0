using System.Buffers;
using RePaViT.Threading;

namespace RePaViT.Training;

/// <summary>Targets of the data set's labels, and after them what a teacher says about the image.</summary>
/// <param name="source">What the teacher says.</param>
/// <param name="scale">What is learned of that.</param>
/// <param name="classes">Number of classes.</param>
internal sealed class DistillationTargets(IDistillationSource source, TeacherScale scale, int classes) : IBatchTargets
{
    public int Length { get; } = classes + source.Columns;

    public bool NeedsPixels => source.SeesBatches;

    public void Fill(TrainingBatch batch, ImageView[] views, int[] labels, double share, double smoothing, BatchKey key)
    {
        AugmentationMixing.WriteTargets(batch.Targets, labels, classes, share, smoothing, Length);
        int columns = source.Columns;
        int imageLength = batch.Pixels.Length / batch.Capacity;
        float[] rows = ArrayPool<float>.Shared.Rent(views.Length * columns);
        source.Read(views, batch.Pixels.AsSpan(0, views.Length * imageLength), rows.AsSpan(0, views.Length * columns));
        ParallelLoop.Run(views.Length, image => scale.Apply(rows.AsSpan(image * columns, columns)));

        // Who saw the mixed image has mixed already; all else is mixed as labels are.
        float kept = source.SeesBatches ? 1 : (float)share;
        ParallelLoop.Run(views.Length, image =>
        {
            Span<float> target = batch.Targets.AsSpan(image * Length + classes, columns);
            ReadOnlySpan<float> own = rows.AsSpan(image * columns, columns);
            ReadOnlySpan<float> partner = rows.AsSpan((views.Length - 1 - image) * columns, columns);
            for (int i = 0; i < columns; i++)
            {
                target[i] = kept * own[i] + (1 - kept) * partner[i];
            }
        });
        ArrayPool<float>.Shared.Return(rows);
    }
}
