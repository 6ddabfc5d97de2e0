using System.Diagnostics;
using RePaViT.Networks;

namespace RePaViT.Conversion;

/// <summary>Two models on images that neither has been fitted to.</summary>
/// <param name="Agreement">How they agree.</param>
/// <param name="Closeness">How close their embeddings are; null if the network has none.</param>
/// <param name="OriginalRate">Images that the first classified in a second.</param>
/// <param name="ConvertedRate">Images that the second classified in a second.</param>
internal sealed record HeldOutComparison(Agreement Agreement, EmbeddingCloseness? Closeness, double OriginalRate, double ConvertedRate)
{
    /// <summary>Lets both classify all images, in turns.</summary>
    public static HeldOutComparison Run(
        RePaViTModel original, RePaViTModel converted, CalibrationImages images, CancellationToken cancellationToken)
    {
        int classes = original.Architecture.Classes;
        int perBatch = Math.Min(original.ImagesPerBatch, images.Count);
        float[] planes = new float[perBatch * images.ImageLength];
        float[] expected = new float[perBatch * classes];
        float[] actual = new float[perBatch * classes];
        var agreement = new Agreement();
        EmbeddingComparison? embeddings = original.Outputs.Contains(NetworkLayout.Embedding)
            ? new EmbeddingComparison(original, converted)
            : null;
        var originalClock = new Stopwatch();
        var convertedClock = new Stopwatch();

        // What is made for the first image does not count.
        Classify(original, 1, expected, new Stopwatch());
        Classify(converted, 1, actual, new Stopwatch());
        for (int first = 0; first < images.Count; first += perBatch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(perBatch, images.Count - first);
            images.Prepare(first, planes.AsMemory(0, count * images.ImageLength));
            embeddings?.Compare(planes.AsSpan(0, count * images.ImageLength), count);
            Classify(original, count, expected, originalClock);
            Classify(converted, count, actual, convertedClock);
            agreement.Add(expected.AsSpan(0, count * classes), actual.AsSpan(0, count * classes), classes);
        }

        return new HeldOutComparison(
            agreement, embeddings?.Closeness,
            images.Count / originalClock.Elapsed.TotalSeconds, images.Count / convertedClock.Elapsed.TotalSeconds);

        void Classify(RePaViTModel model, int count, float[] logits, Stopwatch clock)
        {
            clock.Start();
            model.ComputeLogits(planes.AsSpan(0, count * images.ImageLength), logits.AsSpan(0, count * classes));
            clock.Stop();
        }
    }

    /// <summary>Computes the embeddings of prepared images in both networks.</summary>
    private sealed class EmbeddingComparison(RePaViTModel original, RePaViTModel converted)
    {
        private readonly FeatureExtractor _original = original.CreateExtractor(NetworkLayout.Embedding);
        private readonly FeatureExtractor _converted = converted.CreateExtractor(NetworkLayout.Embedding);
        private readonly BatchArray _expected = new();
        private readonly BatchArray _actual = new();

        public EmbeddingCloseness Closeness { get; } = new();

        public void Compare(ReadOnlySpan<float> planes, int count)
        {
            float[] expected = _expected.Of((long)count * _original.Columns);
            float[] actual = _actual.Of((long)count * _original.Columns);
            _original.Compute(planes, expected);
            _converted.Compute(planes, actual);
            Closeness.Add(expected, actual, _original.Columns);
        }
    }
}
