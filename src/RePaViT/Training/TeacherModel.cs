namespace RePaViT.Training;

/// <summary>A model of this library as a teacher: it sees every image of a batch as the network does.</summary>
internal sealed class TeacherModel(RePaViTModel model) : IDistillationTeacher
{
    // A mean or deviation of so many is within 3 % of a deviation.
    private const int SampleImages = 1024;

    public RePaViTModel Model => model;

    public void ThrowUnlessUsable(Architecture student)
    {
        if (model.Architecture.ImageSize != student.ImageSize)
        {
            throw new ArgumentException(
                $"The teacher takes images of {model.Architecture.ImageSize} pixels, but the network takes {student.ImageSize}: both must "
                + $"be the same. The output of a teacher of any size, computed by its {nameof(FeatureExtractor)}, can be given instead.");
        }
    }

    public IDistillationSource Open(TeacherOutput output, IImageDataset training)
    {
        if (output == TeacherOutput.Features)
        {
            return new FeatureSource(model, training);
        }

        TeacherIdentity.ThrowUnlessSameClasses(model, training.ClassNames);
        return new ScoreSource(model);
    }

    private abstract class Source(string identity, int imageLength, int imagesAtOnce, int columns) : IDistillationSource
    {
        public string Identity => identity;

        public int Columns => columns;

        public bool SeesBatches => true;

        public void Read(ImageView[] views, ReadOnlySpan<float> pixels, Span<float> rows)
        {
            for (int start = 0; start < views.Length; start += imagesAtOnce)
            {
                int count = Math.Min(imagesAtOnce, views.Length - start);
                Compute(pixels.Slice(start * imageLength, count * imageLength), rows.Slice(start * columns, count * columns));
            }
        }

        public abstract IEnumerable<float[]> Sample();

        protected abstract void Compute(ReadOnlySpan<float> pixels, Span<float> rows);
    }

    private sealed class ScoreSource(RePaViTModel model)
        : Source(TeacherIdentity.Of(model), model.ImageLength, model.ImagesPerBatch, model.Architecture.Classes)
    {
        public override IEnumerable<float[]> Sample() => [];

        protected override void Compute(ReadOnlySpan<float> pixels, Span<float> rows) => model.ComputeLogits(pixels, rows);
    }

    private sealed class FeatureSource(RePaViTModel model, FeatureExtractor extractor, IImageDataset training)
        : Source(TeacherIdentity.Of(model), model.ImageLength, extractor.ImagesPerBatch, extractor.Columns)
    {
        public FeatureSource(RePaViTModel model, IImageDataset training)
            : this(model, model.CreateExtractor(), training)
        {
        }

        public override IEnumerable<float[]> Sample()
        {
            int images = Math.Min(training.Count, SampleImages);
            int[] indices = [.. Enumerable.Range(0, images).Select(i => (int)((long)i * training.Count / images))];
            return indices.Chunk(extractor.ImagesPerBatch)
                .SelectMany(part => extractor.Compute(Array.ConvertAll(part, training.GetImage)));
        }

        protected override void Compute(ReadOnlySpan<float> pixels, Span<float> rows) => extractor.Compute(pixels, rows);
    }
}
