using Microsoft.Extensions.Time.Testing;
using RePaViT.Tests.Support;

namespace RePaViT.Tests.Serving;

/// <summary>Engines that fail, and what a request can wait for.</summary>
[TestClass]
public sealed class BatchingScorerFailureTests
{
    private static readonly RgbImage[] _images = [.. Enumerable.Range(0, 8).Select(i => TestImages.Constant(12, 12, (byte)(i + 1)))];

    [TestMethod]
    public async Task What_fails_in_a_batch_fails_alone()
    {
        var engine = new Gate { Failure = images => images.Contains(3) ? new InvalidOperationException("Not this one.") : null };
        await using BatchingScorer scorer = engine.Create(new BatchingOptions());
        Task<Prediction> first = scorer.PredictAsync(_images[0]);
        engine.WaitForBatch();
        Task<Prediction>[] batch = [.. _images[1..5].Select(image => scorer.PredictAsync(image))];

        engine.Open();

        await first.WaitAsync(Gate.Patience);
        var exception = await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => batch[1].WaitAsync(Gate.Patience));
        Assert.AreEqual("Not this one.", exception.Message);
        foreach (Task<Prediction> other in (Task<Prediction>[])[batch[0], batch[2], batch[3]])
        {
            Assert.IsNotNull(await other.WaitAsync(Gate.Patience));
        }

        CollectionAssert.AreEqual(new[] { 1, 4, 1, 1, 1, 1 }, engine.Batches);
        Assert.AreEqual(0, scorer.Unanswered);
    }

    [TestMethod]
    public async Task An_engine_that_fails_for_all_fails_each_and_works_later()
    {
        var engine = new Gate { Failure = _ => new InvalidOperationException("The device is gone.") };
        engine.Open();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions());

        foreach (RgbImage image in _images)
        {
            await Assert.ThrowsExactlyAsync<InvalidOperationException>(() => scorer.PredictAsync(image).WaitAsync(Gate.Patience));
        }

        engine.Failure = _ => null;
        Assert.IsNotNull(await scorer.PredictAsync(_images[1]).WaitAsync(Gate.Patience));
    }

    [TestMethod]
    public async Task Who_gives_up_while_a_batch_waits_for_company_is_not_computed()
    {
        var time = new WaitingTime(TimeSpan.FromHours(1));
        var engine = new Gate();
        engine.Open();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions { MaxBatchSize = 3, MaxWait = time.Wait, TimeProvider = time });
        Task<Prediction> late = scorer.PredictAsync(_images[0], TimeSpan.FromMinutes(1));
        await time.HasBegun.WaitAsync(Gate.Patience);

        time.Advance(TimeSpan.FromMinutes(2));
        await Assert.ThrowsExactlyAsync<TimeoutException>(() => late.WaitAsync(Gate.Patience));
        await Task.WhenAll(scorer.PredictAsync(_images[1]), scorer.PredictAsync(_images[2])).WaitAsync(Gate.Patience);

        CollectionAssert.AreEqual(new[] { 2 }, engine.Batches);
    }

    [TestMethod]
    public async Task A_request_has_a_deadline_of_its_own()
    {
        var time = new FakeTimeProvider();
        var engine = new Gate();
        await using BatchingScorer scorer = engine.Create(new BatchingOptions { Deadline = TimeSpan.FromSeconds(5), TimeProvider = time });
        Task<Prediction> own = scorer.PredictAsync(_images[0], TimeSpan.FromSeconds(20));
        Task<Prediction> any = scorer.PredictAsync(_images[1], deadline: null);
        Task<Prediction> usual = scorer.PredictAsync(_images[2]);

        time.Advance(TimeSpan.FromSeconds(10));

        await Assert.ThrowsExactlyAsync<TimeoutException>(() => usual.WaitAsync(Gate.Patience));
        Assert.IsFalse(own.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(15));
        await Assert.ThrowsExactlyAsync<TimeoutException>(() => own.WaitAsync(Gate.Patience));
        Assert.IsFalse(any.IsCompleted);
        engine.Open();
        Assert.IsNotNull(await any.WaitAsync(Gate.Patience));
        foreach (TimeSpan wrong in (TimeSpan[])[TimeSpan.Zero, TimeSpan.FromSeconds(-2), TimeSpan.MaxValue])
        {
            await Assert.ThrowsExactlyAsync<ArgumentException>(() => scorer.PredictAsync(_images[0], wrong));
        }
    }

    [TestMethod]
    public async Task A_full_queue_may_be_waited_for_within_the_deadline()
    {
        var time = new FakeTimeProvider();
        var engine = new Gate();
        await using BatchingScorer scorer = engine.Create(
            new BatchingOptions { QueueCapacity = 2, WaitsWhenFull = true, Deadline = TimeSpan.FromMinutes(1), TimeProvider = time });
        Task<Prediction>[] accepted = [.. _images[..2].Select(image => scorer.PredictAsync(image))];
        Task<Prediction> late = scorer.PredictAsync(_images[2], TimeSpan.FromSeconds(5));
        Task<Prediction> patient = scorer.PredictAsync(_images[3]);

        time.Advance(TimeSpan.FromSeconds(10));

        await Assert.ThrowsExactlyAsync<TimeoutException>(() => late.WaitAsync(Gate.Patience));
        Assert.AreEqual(2, scorer.Unanswered);
        engine.Open();
        await Task.WhenAll([.. accepted, patient]).WaitAsync(Gate.Patience);
        Assert.AreEqual(3, engine.Batches.Sum());
        Assert.AreEqual(0, scorer.Unanswered);
    }

    [TestMethod]
    public async Task Those_who_wait_for_room_hear_that_the_scorer_ends()
    {
        var engine = new Gate();
        BatchingScorer scorer = engine.Create(new BatchingOptions { QueueCapacity = 1, WaitsWhenFull = true });
        Task<Prediction> accepted = scorer.PredictAsync(_images[0]);
        Task<Prediction>[] waiting = [.. _images[1..4].Select(image => scorer.PredictAsync(image))];

        Task end = scorer.DisposeAsync().AsTask();
        engine.Open();
        await end.WaitAsync(Gate.Patience);

        Assert.IsNotNull(await accepted.WaitAsync(Gate.Patience));
        foreach (Task<Prediction> request in waiting)
        {
            await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => request.WaitAsync(Gate.Patience));
        }
    }
    /// <summary>Time that says when a batch begins to wait.</summary>
    private sealed class WaitingTime(TimeSpan wait) : FakeTimeProvider
    {
        private readonly TaskCompletionSource _hasBegun = new();

        public TimeSpan Wait => wait;

        public Task HasBegun => _hasBegun.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == wait)
            {
                _hasBegun.TrySetResult();
            }

            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
