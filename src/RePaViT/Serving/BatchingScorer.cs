using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using RePaViT.Serving;

namespace RePaViT;

/// <summary>
/// Gathers the requests of many callers, one image each, into batches for one model, which uses its cores better than callers that take
/// turns. Safe to use from any number of threads. The answer to a request does not depend on the other requests in its batch.
/// </summary>
/// <remarks>
/// The meter <c>RePaViT</c> has its numbers: <c>repavit.scorer.images</c> and <c>.batches</c> (counters), <c>.batch.size</c> (histogram of
/// images), <c>.requests</c> (how many are not answered yet), <c>.duration</c> (histogram of seconds from request to answer) and
/// <c>.refusals</c> (counter, with a <c>reason</c>).
/// </remarks>
public sealed class BatchingScorer : IAsyncDisposable
{
    private readonly RePaViTModel _model;
    private readonly BatchingOptions _options;
    private readonly ScoreBatch _score;
    private readonly Channel<Request> _requests = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _worker;
    private readonly SemaphoreSlim _room;

    /// <param name="model">The model that scores, on its present device. Do not compute with it elsewhere if speed matters.</param>
    /// <param name="options">How requests are gathered; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option has a value that is not accepted.</exception>
    public BatchingScorer(RePaViTModel model, BatchingOptions? options = null)
        : this(model, options, model is null ? null! : model.ComputeProbabilities)
    {
    }

    /// <param name="model">How images are prepared, and the names of classes.</param>
    /// <param name="options">How requests are gathered; null for the defaults.</param>
    /// <param name="score">Computes [images, classes] probabilities from prepared images.</param>
    internal BatchingScorer(RePaViTModel model, BatchingOptions? options, ScoreBatch score)
    {
        ArgumentNullException.ThrowIfNull(model);
        _options = options ?? new BatchingOptions();
        _options.Validate();
        (_model, _score, _room) = (model, score, new SemaphoreSlim(_options.QueueCapacity));

        // It computes for long, and what it awaits comes from threads of the pool.
        _worker = Task.Factory.StartNew(WorkAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Computes [images, classes] probabilities from prepared images.</summary>
    internal delegate void ScoreBatch(ReadOnlySpan<float> images, Span<float> probabilities);

    /// <summary>Requests that are not answered yet.</summary>
    public int Unanswered => _options.QueueCapacity - _room.CurrentCount;

    /// <summary>Classifies an image, within the deadline of the options.</summary>
    /// <param name="image">An image of any size. It is prepared on the caller's thread.</param>
    /// <param name="cancellationToken">Ends the wait; a request that still waits is not computed then.</param>
    /// <exception cref="ArgumentException">The image has no pixels. Other requests are not affected.</exception>
    /// <exception cref="QueueFullException">The queue is full: no more requests may be unanswered.</exception>
    /// <exception cref="TimeoutException">The request was not answered within <see cref="BatchingOptions.Deadline"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The scorer was disposed of.</exception>
    public Task<Prediction> PredictAsync(RgbImage image, CancellationToken cancellationToken = default)
        => PredictAsync(image, _options.Deadline, cancellationToken);

    /// <summary>Classifies an image, within a deadline of its own.</summary>
    /// <param name="image">As there.</param>
    /// <param name="deadline">Time within which it is answered, above zero and up to a day; null for no limit.</param>
    /// <param name="cancellationToken">As there.</param>
    /// <exception cref="ArgumentException">As there, or there is no such deadline.</exception>
    /// <exception cref="QueueFullException">As there.</exception>
    /// <exception cref="TimeoutException">The request was not answered within the deadline.</exception>
    /// <exception cref="OperationCanceledException">As there.</exception>
    /// <exception cref="ObjectDisposedException">As there.</exception>
    public async Task<Prediction> PredictAsync(RgbImage image, TimeSpan? deadline, CancellationToken cancellationToken = default)
    {
        BatchingOptions.ThrowUnlessDeadline(deadline, nameof(deadline));
        cancellationToken.ThrowIfCancellationRequested();
        long start = _options.TimeProvider.GetTimestamp();
        using var passed = new CancellationTokenSource(deadline ?? Timeout.InfiniteTimeSpan, _options.TimeProvider);
        using var given = CancellationTokenSource.CreateLinkedTokenSource(passed.Token, cancellationToken);
        try
        {
            await EnterAsync(given.Token).ConfigureAwait(false);
            Prediction prediction = await Enqueue(image, given.Token).WaitAsync(given.Token).ConfigureAwait(false);
            ScorerMetrics.Answer(_options.TimeProvider.GetElapsedTime(start));
            return prediction;
        }
        catch (OperationCanceledException) when (given.IsCancellationRequested)
        {
            ScorerMetrics.Refuse(cancellationToken.IsCancellationRequested ? "cancelled" : "deadline");
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"The request was not answered within {deadline}.");
        }
        catch (Exception exception)
        {
            ScorerMetrics.Refuse(exception is QueueFullException ? "queue_full" : "failed");
            throw;
        }
    }

    /// <summary>Answers the waiting requests, then ends. Later requests are refused.</summary>
    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _worker.ConfigureAwait(false);
    }

    /// <summary>Takes a place among the unanswered.</summary>
    private async ValueTask EnterAsync(CancellationToken given)
    {
        if (!_room.Wait(0, CancellationToken.None))
        {
            if (!_options.WaitsWhenFull)
            {
                throw new QueueFullException($"{_options.QueueCapacity} requests are waiting already, and no more are accepted.");
            }

            await _room.WaitAsync(given).ConfigureAwait(false);
        }

        ScorerMetrics.Enter();
    }

    /// <summary>Uses the place, or gives it back.</summary>
    private Task<Prediction> Enqueue(RgbImage image, CancellationToken given)
    {
        try
        {
            var request = new Request(Prepare(image), given);
            ObjectDisposedException.ThrowIf(!_requests.Writer.TryWrite(request), this);
            return request.Answer.Task;
        }
        catch
        {
            Leave();
            throw;
        }
    }

    private float[] Prepare(RgbImage image)
    {
        float[] planes = new float[_model.ImageLength];
        _model.Preprocessing.Prepare(image, _model.Architecture.ImageSize, planes);
        return planes;
    }

    private async Task WorkAsync()
    {
        ChannelReader<Request> requests = _requests.Reader;
        var batch = new List<Request>(_options.MaxBatchSize);
        while (await requests.WaitToReadAsync().ConfigureAwait(false))
        {
            await GatherAsync(requests, batch).ConfigureAwait(false);

            // While others were waited for, some may have given up.
            batch.RemoveAll(LeavesAbandoned);
            if (batch.Count > 0)
            {
                Score(CollectionsMarshal.AsSpan(batch));
                batch.Clear();
            }
        }
    }

    /// <summary>Takes the waiting requests, and if that leaves room, waits a while for more.</summary>
    private async Task GatherAsync(ChannelReader<Request> requests, List<Request> batch)
    {
        Take(requests, batch);
        if (_options.MaxWait == TimeSpan.Zero || batch.Count == 0)
        {
            return;
        }

        using var patience = new CancellationTokenSource(_options.MaxWait, _options.TimeProvider);
        try
        {
            while (batch.Count < _options.MaxBatchSize && await requests.WaitToReadAsync(patience.Token).ConfigureAwait(false))
            {
                Take(requests, batch);
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody else came.
        }
    }

    private void Take(ChannelReader<Request> requests, List<Request> batch)
    {
        while (batch.Count < _options.MaxBatchSize && requests.TryRead(out Request? request))
        {
            if (!LeavesAbandoned(request))
            {
                batch.Add(request);
            }
        }
    }

    /// <summary>Whether nobody is waiting for the answer any more; then the place is given back.</summary>
    private bool LeavesAbandoned(Request request)
    {
        bool isAbandoned = request.IsAbandoned;
        if (isAbandoned)
        {
            Leave();
        }

        return isAbandoned;
    }

    private void Score(ReadOnlySpan<Request> batch)
    {
        try
        {
            Answer(batch);
        }
        catch (Exception exception)
        {
            if (batch.Length == 1)
            {
                Leave();
                batch[0].Answer.SetException(exception);

                // If nobody is waiting any more, nothing else looks at it.
                _ = batch[0].Answer.Task.Exception;
                return;
            }

            // It may be due to one of them, or to their number.
            foreach (ref readonly Request request in batch)
            {
                Score(new ReadOnlySpan<Request>(in request));
            }
        }
    }

    private void Answer(ReadOnlySpan<Request> batch)
    {
        int length = _model.ImageLength;
        int classes = _model.Architecture.Classes;
        float[] images = new float[checked(batch.Length * length)];
        float[] probabilities = new float[checked(batch.Length * classes)];
        for (int i = 0; i < batch.Length; i++)
        {
            batch[i].Planes.CopyTo(images, i * length);
        }

        _score(images, probabilities);
        var predictions = new Prediction[batch.Length];
        for (int i = 0; i < batch.Length; i++)
        {
            float[] own = probabilities[(i * classes)..((i + 1) * classes)];
            int label = TensorPrimitives.IndexOfMax<float>(own);
            predictions[i] = new Prediction(label, _model.ClassNames[label], own[label], own);
        }

        // From here on nothing fails: each request is answered once.
        ScorerMetrics.Score(batch.Length);
        for (int i = 0; i < batch.Length; i++)
        {
            Leave();
            batch[i].Answer.SetResult(predictions[i]);
        }
    }

    private void Leave()
    {
        ScorerMetrics.Leave();
        _room.Release();
    }

    /// <summary>A prepared image that waits.</summary>
    /// <param name="planes">The image.</param>
    /// <param name="given">Is cancelled once nobody is waiting for the answer any more.</param>
    private sealed class Request(float[] planes, CancellationToken given)
    {
        public float[] Planes => planes;

        // Callers continue on their own threads, not on the computing one.
        public TaskCompletionSource<Prediction> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether nobody is waiting for the answer any more.</summary>
        public bool IsAbandoned => given.IsCancellationRequested;
    }
}
