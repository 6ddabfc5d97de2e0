using System.Diagnostics.Metrics;

namespace RePaViT.Serving;

/// <summary>What <see cref="BatchingScorer"/> tells whoever listens to the meter <c>RePaViT</c>, in OpenTelemetry's manner.</summary>
internal static class ScorerMetrics
{
    public const string MeterName = "RePaViT";

    private static readonly Meter _meter = new(MeterName);

    private static readonly Counter<long> _images = _meter.CreateCounter<long>("repavit.scorer.images", "{image}", "Images that were scored.");

    private static readonly Counter<long> _batches = _meter.CreateCounter<long>("repavit.scorer.batches", "{batch}", "Batches that were scored.");

    private static readonly Histogram<int> _batchSize = _meter.CreateHistogram(
        "repavit.scorer.batch.size", "{image}", "Images of a batch.",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128] });

    private static readonly UpDownCounter<long> _waiting = _meter.CreateUpDownCounter<long>(
        "repavit.scorer.requests", "{request}", "Requests that are not answered yet.");

    // The boundaries that OpenTelemetry takes by itself are for milliseconds: most requests would be below the first.
    private static readonly Histogram<double> _duration = _meter.CreateHistogram(
        "repavit.scorer.duration", "s", "From a request to its answer.",
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
        });

    private static readonly Counter<long> _refusals = _meter.CreateCounter<long>(
        "repavit.scorer.refusals", "{request}", "Requests without an answer, by reason: queue_full, deadline, cancelled or failed.");

    public static void Enter() => _waiting.Add(1);

    public static void Leave() => _waiting.Add(-1);

    public static void Answer(TimeSpan duration) => _duration.Record(duration.TotalSeconds);

    public static void Refuse(string reason) => _refusals.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public static void Score(int images)
    {
        _images.Add(images);
        _batches.Add(1);
        _batchSize.Record(images);
    }
}
