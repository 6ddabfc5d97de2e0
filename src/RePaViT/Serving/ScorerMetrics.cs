using System.Diagnostics.Metrics;

namespace RePaViT.Serving;

/// <summary>What <see cref="BatchingScorer"/> tells whoever listens to the meter <c>RePaViT</c>, in OpenTelemetry's manner.</summary>
internal static class ScorerMetrics
{
    public const string MeterName = "RePaViT";

    private static readonly Meter _meter = new(MeterName);

    private static readonly Counter<long> _images = _meter.CreateCounter<long>("repavit.scorer.images", "{image}", "Images that were scored.");

    private static readonly Counter<long> _batches = _meter.CreateCounter<long>("repavit.scorer.batches", "{batch}", "Batches that were scored.");

    private static readonly Histogram<int> _batchSize = _meter.CreateHistogram<int>("repavit.scorer.batch.size", "{image}", "Images of a batch.");

    private static readonly UpDownCounter<long> _waiting = _meter.CreateUpDownCounter<long>(
        "repavit.scorer.requests", "{request}", "Requests that are not answered yet.");

    private static readonly Histogram<double> _duration = _meter.CreateHistogram<double>(
        "repavit.scorer.duration", "s", "From a request to its answer.");

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
