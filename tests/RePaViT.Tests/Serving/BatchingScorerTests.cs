using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Serving;

[TestClass]
public sealed class BatchingScorerTests
{
    private static readonly TimeSpan _patience = Gate.Patience;

    private static readonly RePaViTModel _model = Gate.Model;

    private static readonly RgbImage[] _images = [.. Enumerable.Range(0, 40).Select(seed => TestImages.Random(12 + seed % 5, 12, seed))];

    [TestMethod]
    [DataRow(1, 0)]
    [DataRow(3, 0)]
    [DataRow(7, 1)]
    [DataRow(64, 1)]
    public async Task Many_callers_get_what_each_would_get_alone_to_the_bit(int maxBatch, int waitMilliseconds)
    {
        await using var scorer = new BatchingScorer(
            _model, new BatchingOptions { MaxBatchSize = maxBatch, MaxWait = TimeSpan.FromMilliseconds(waitMilliseconds) });

        Prediction[] predictions = await Task.WhenAll(_images.Select(image => Task.Run(() => scorer.PredictAsync(image)))).WaitAsync(_patience);

        for (int i = 0; i < _images.Length; i++)
        {
            Prediction expected = _model.Predict(_images[i]);
            Assert.AreEqual(expected.Label, predictions[i].Label);
            Assert.AreEqual(expected.ClassName, predictions[i].ClassName);
            CollectionAssert.AreEqual(expected.Probabilities.ToArray(), predictions[i].Probabilities.ToArray());
        }

        Assert.AreEqual(0, scorer.Unanswered);
    }

    [TestMethod]
    public async Task What_comes_while_a_batch_is_computed_is_the_next_batch()
    {
        var engine = new Gate();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions { MaxBatchSize = 4 });
        Task<Prediction> first = scorer.PredictAsync(_images[0]);
        engine.WaitForBatch();

        Task<Prediction>[] others = [.. _images[1..7].Select(image => scorer.PredictAsync(image))];
        engine.Open();
        await Task.WhenAll([first, .. others]).WaitAsync(_patience);

        CollectionAssert.AreEqual(new[] { 1, 4, 2 }, engine.Batches);
    }

    [TestMethod]
    public async Task A_first_request_waits_for_company_as_long_as_it_may()
    {
        var time = new FakeTimeProvider();
        var engine = new Gate();
        engine.Open();
        await using BatchingScorer scorer = engine.Create(
            new BatchingOptions { MaxBatchSize = 4, MaxWait = TimeSpan.FromSeconds(10), TimeProvider = time });

        Task<Prediction>[] full = [.. _images[..4].Select(image => scorer.PredictAsync(image))];
        await Task.WhenAll(full).WaitAsync(_patience);
        Task<Prediction> single = scorer.PredictAsync(_images[4]);
        while (!single.IsCompleted)
        {
            // The wait begins on another thread: time goes on until it has ended.
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.AreEqual(5, engine.Batches.Sum());
        Assert.AreEqual(1, engine.Batches[^1]);
    }

    [TestMethod]
    public async Task A_full_queue_refuses_at_once_and_accepts_again_later()
    {
        var engine = new Gate();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions { QueueCapacity = 3 });
        Task<Prediction>[] accepted = [.. _images[..3].Select(image => scorer.PredictAsync(image))];

        var exception = await Assert.ThrowsExactlyAsync<QueueFullException>(() => scorer.PredictAsync(_images[3]));

        StringAssert.Contains(exception.Message, "3 requests");
        engine.Open();
        await Task.WhenAll(accepted).WaitAsync(_patience);
        Assert.IsNotNull(await scorer.PredictAsync(_images[3]).WaitAsync(_patience));
    }

    [TestMethod]
    public async Task A_request_whose_deadline_passed_is_not_computed()
    {
        var time = new FakeTimeProvider();
        var engine = new Gate();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions { MaxBatchSize = 1, Deadline = TimeSpan.FromSeconds(5), TimeProvider = time });
        Task<Prediction> computed = scorer.PredictAsync(_images[0]);
        engine.WaitForBatch();
        Task<Prediction> waiting = scorer.PredictAsync(_images[1]);

        time.Advance(TimeSpan.FromSeconds(6));

        await Assert.ThrowsExactlyAsync<TimeoutException>(() => waiting.WaitAsync(_patience));
        await Assert.ThrowsExactlyAsync<TimeoutException>(() => computed.WaitAsync(_patience));
        engine.Open();
        Assert.IsNotNull(await scorer.PredictAsync(_images[2]).WaitAsync(_patience));
        Assert.AreEqual(2, engine.Batches.Sum());
        Assert.AreEqual(0, scorer.Unanswered);
    }

    [TestMethod]
    public async Task A_cancelled_request_is_not_computed()
    {
        var engine = new Gate();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions { MaxBatchSize = 1 });
        using var cancellation = new CancellationTokenSource();
        Task<Prediction> first = scorer.PredictAsync(_images[0]);
        engine.WaitForBatch();
        Task<Prediction> cancelled = scorer.PredictAsync(_images[1], cancellation.Token);

        cancellation.Cancel();

        await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled.WaitAsync(_patience));
        engine.Open();
        await first.WaitAsync(_patience);
        await scorer.PredictAsync(_images[2]).WaitAsync(_patience);
        Assert.AreEqual(2, engine.Batches.Sum());
    }

    [TestMethod]
    public async Task An_image_without_pixels_fails_alone()
    {
        var engine = new Gate();
        engine.Open();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions { QueueCapacity = 1 });

        await Assert.ThrowsAsync<ArgumentException>(() => scorer.PredictAsync(default));

        // It has given its place back.
        Assert.IsNotNull(await scorer.PredictAsync(_images[0]).WaitAsync(_patience));
    }

    [TestMethod]
    public async Task Disposing_answers_what_waits_and_refuses_what_comes()
    {
        var engine = new Gate();
        BatchingScorer scorer = engine.Create(new BatchingOptions { MaxBatchSize = 2 });
        Task<Prediction>[] waiting = [.. _images[..5].Select(image => scorer.PredictAsync(image))];

        Task end = scorer.DisposeAsync().AsTask();
        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => scorer.PredictAsync(_images[5]));
        Assert.IsFalse(end.IsCompleted);
        engine.Open();
        await end.WaitAsync(_patience);

        Assert.HasCount(5, await Task.WhenAll(waiting).WaitAsync(_patience));
        await scorer.DisposeAsync();
    }

    [TestMethod]
    public async Task Under_load_every_request_is_answered_or_refused_and_none_is_lost()
    {
        BatchingScorer scorer = new(_model, new BatchingOptions { MaxBatchSize = 8, QueueCapacity = 16 });
        int answered = 0;
        int refused = 0;

        Task[] callers = [.. Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                try
                {
                    await scorer.PredictAsync(_images[(caller + i) % _images.Length]);
                    Interlocked.Increment(ref answered);
                }
                catch (Exception exception) when (exception is QueueFullException or ObjectDisposedException)
                {
                    Interlocked.Increment(ref refused);
                }

                if (caller == 0 && i == 150)
                {
                    _ = scorer.DisposeAsync().AsTask();
                }
            }
        }))];
        await Task.WhenAll(callers).WaitAsync(_patience);
        await scorer.DisposeAsync();

        Assert.AreEqual(8 * 200, answered + refused);
        Assert.IsGreaterThan(150, answered);
        Assert.AreEqual(0, scorer.Unanswered);
    }

    [TestMethod]
    public async Task A_listener_hears_of_images_batches_durations_and_refusals()
    {
        var heard = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == "RePaViT")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Hear(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Hear(instrument, 1, tags));
        listener.Start();
        var engine = new Gate();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions { QueueCapacity = 1 });

        // Other tests are heard too: at least so much has to come.
        Task<Prediction> accepted = scorer.PredictAsync(_images[0]);
        await Assert.ThrowsExactlyAsync<QueueFullException>(() => scorer.PredictAsync(_images[1]));
        engine.Open();
        await accepted.WaitAsync(_patience);

        lock (heard)
        {
            foreach (string name in (string[])["images", "batches", "batch.size", "duration", "refusals queue_full"])
            {
                Assert.IsTrue(heard.GetValueOrDefault($"repavit.scorer.{name}") >= 1, $"{name}: {string.Join(", ", heard)}");
            }

            Assert.IsTrue(heard.ContainsKey("repavit.scorer.requests"));
        }

        void Hear(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string name = tags.Length == 0 ? instrument.Name : $"{instrument.Name} {tags[0].Value}";
            lock (heard)
            {
                heard[name] = heard.GetValueOrDefault(name) + value;
            }
        }
    }

    [TestMethod]
    public void Options_outside_their_ranges_are_refused()
    {
        foreach (BatchingOptions options in (BatchingOptions[])
        [
            new() { MaxBatchSize = 0 }, new() { MaxBatchSize = 4097 }, new() { MaxWait = TimeSpan.FromTicks(-1) }, new() { MaxWait = TimeSpan.MaxValue },
            new() { QueueCapacity = 0 }, new() { Deadline = TimeSpan.Zero }, new() { Deadline = TimeSpan.MaxValue },
        ])
        {
            Assert.Throws<ArgumentException>(() => new BatchingScorer(_model, options));
        }

        Assert.Throws<ArgumentNullException>(() => new BatchingScorer(null!));
    }
}
