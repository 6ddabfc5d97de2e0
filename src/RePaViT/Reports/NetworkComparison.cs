using System.Diagnostics;
using RePaViT.Models;
using RePaViT.Threading;

namespace RePaViT.Reports;

/// <summary>Holds a trained network against the deployed one.</summary>
internal static class NetworkComparison
{
    private const int MaxImagesPerBatch = 16;
    private const int FewestRounds = 3;
    private const int MostRounds = 200;
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(1);

    /// <param name="trained">The one.</param>
    /// <param name="deployed">The other.</param>
    /// <param name="answers">What the other answers.</param>
    /// <param name="images">To what.</param>
    /// <param name="conversion">What is known of its conversion; null if it was not converted here.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static ReportComparison Run(
        RePaViTModel trained, RePaViTModel deployed, LabeledLogits answers, IImageDataset images, ConversionReport? conversion,
        CancellationToken cancellationToken)
    {
        var before = LabeledLogits.Compute(trained, images, cancellationToken);
        double largest = 0;
        int changed = 0;
        for (int image = 0; image < answers.Count; image++)
        {
            largest = Math.Max(largest, LargestDifference(before.Of(image), answers.Of(image)));
            changed += before.Predicted(image) == answers.Predicted(image) ? 0 : 1;
        }

        int batch = Math.Min(Math.Min(MaxImagesPerBatch, deployed.ImagesPerBatch), images.Count);
        (double trainedRate, double deployedRate) = MeasureSpeed(trained, deployed, images, batch, cancellationToken);
        return new ReportComparison(
            Describe(trained, trainedRate, before),
            Describe(deployed, deployedRate, answers),
            IsConverted: trained.Architecture.IsVanilla && !deployed.Architecture.IsVanilla,
            batch,
            largest,
            changed,
            [.. conversion?.Blocks.Select(block => block.Error) ?? []],
            conversion?.HeldOutAgreement);
    }

    private static double LargestDifference(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        double largest = 0;
        for (int i = 0; i < one.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs((double)one[i] - other[i]));
        }

        return largest;
    }

    private static ReportNetwork Describe(RePaViTModel model, double rate, LabeledLogits answers)
        => new(model.Cost.Parameters, model.Cost.MultiplyAdds, FileLength(model), rate, answers.Accuracy(), answers.Loss(1));

    private static long? FileLength(RePaViTModel model)
    {
        var counter = new CountingStream();
        try
        {
            model.Save(counter);
            return counter.Length;
        }
        catch (NotSupportedException)
        {
            // Over the 2 GiB that an ONNX file can hold.
            return null;
        }
    }

    /// <summary>In turns, so that whatever else the machine does meets both; the median, so that it matters little.</summary>
    private static (double Trained, double Deployed) MeasureSpeed(
        RePaViTModel trained, RePaViTModel deployed, IImageDataset images, int batch, CancellationToken cancellationToken)
    {
        float[] planes = new float[batch * trained.ImageLength];
        ParallelLoop.Run(batch, i => trained.Preprocessing.Prepare(
            images.GetImage(i), trained.Architecture.ImageSize, planes.AsSpan(i * trained.ImageLength, trained.ImageLength)));
        float[] logits = new float[batch * trained.Architecture.Classes];

        // What is made for the first batch does not count.
        trained.ComputeLogits(planes, logits);
        deployed.ComputeLogits(planes, logits);
        var rates = new List<(double Trained, double Deployed)>();
        var clock = Stopwatch.StartNew();
        while (rates.Count < FewestRounds || (rates.Count < MostRounds && clock.Elapsed < Enough))
        {
            cancellationToken.ThrowIfCancellationRequested();
            rates.Add((Rate(trained), Rate(deployed)));
        }

        return (Median(rates.Select(rate => rate.Trained)), Median(rates.Select(rate => rate.Deployed)));

        double Rate(RePaViTModel model)
        {
            long start = Stopwatch.GetTimestamp();
            model.ComputeLogits(planes, logits);
            return batch / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    /// <summary>Counts what is written, and keeps nothing.</summary>
    private sealed class CountingStream : Stream
    {
        private long _length;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position
        {
            get => _length;
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => _length += buffer.Length;

        public override void Write(byte[] buffer, int offset, int count) => _length += count;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
