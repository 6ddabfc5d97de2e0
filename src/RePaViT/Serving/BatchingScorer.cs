using System.Numerics.Tensors;
using System.Threading.Channels;
using RePaViT.Serving;

namespace RePaViT;

/// <summary>
/// Gathers the requests of many callers, one image each, into batches for one model, which makes more of its cores than callers who take
/// turns. Safe to use from any number of threads. What a request is answered does not depend on its company.
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
    private int _unanswered;

    /// <param name="model">What scores, where it computes now. It must not be computed with elsewhere if its speed counts.</param>
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
        (_model, _score) = (model, score);

        // It computes for long, and what it awaits comes from threads of the pool.
        _worker = Task.Factory.StartNew(WorkAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Computes [images, classes] probabilities from prepared images.</summary>
    internal delegate void ScoreBatch(ReadOnlySpan<float> images, Span<float> probabilities);

    /// <summary>Requests that are not answered yet.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>Classifies an image.</summary>
    /// <param name="image">An image of any size. It is prepared on the caller's thread.</param>
    /// <param name="cancellationToken">Ends the wait; a request that still waits is not computed then.</param>
    /// <exception cref="ArgumentException">The image has no pixels. Other requests are not touched by it.</exception>
    /// <exception cref="QueueFullException">As many requests are unanswered as may be.</exception>
    /// <exception cref="TimeoutException">The request was not answered within <see cref="BatchingOptions.Deadline"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The scorer was disposed of.</exception>
    public async Task<Prediction> PredictAsync(RgbImage image, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        long start = _options.TimeProvider.GetTimestamp();
        if (Interlocked.Increment(ref _unanswered) > _options.QueueCapacity)
        {
            Interlocked.Decrement(ref _unanswered);
            ScorerMetrics.Refuse("queue_full");
            throw new QueueFullException($"{_options.QueueCapacity} requests are waiting already, and no more are accepted.");
        }

        ScorerMetrics.Enter();
        Request request;
        try
        {
            request = new Request(Prepare(image));
            ObjectDisposedException.ThrowIf(!_requests.Writer.TryWrite(request), this);
        }
        catch
        {
            Leave();
            throw;
        }

        try
        {
            Prediction prediction = await request.Answer.Task
                .WaitAsync(_options.Deadline ?? Timeout.InfiniteTimeSpan, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
            ScorerMetrics.Answer(_options.TimeProvider.GetElapsedTime(start));
            return prediction;
        }
        catch (Exception exception)
        {
            // Whoever takes it out of the queue sees that nobody waits any longer.
            request.IsAbandoned = true;
            ScorerMetrics.Refuse(exception switch
            {
                TimeoutException => "deadline",
                OperationCanceledException => "cancelled",
                _ => "failed",
            });
            throw;
        }
    }

    /// <summary>Answers what is waiting, then ends. Later requests are refused.</summary>
    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _worker.ConfigureAwait(false);
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
            if (batch.Count > 0)
            {
                Score(batch);
                batch.Clear();
            }
        }
    }

    /// <summary>Takes what is there, and if that leaves room, waits a while for more.</summary>
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
            if (request.IsAbandoned)
            {
                Leave();
            }
            else
            {
                batch.Add(request);
            }
        }
    }

    private void Score(List<Request> batch)
    {
        int classes = _model.Architecture.Classes;
        float[] images = new float[batch.Count * _model.ImageLength];
        float[] probabilities = new float[batch.Count * classes];
        for (int i = 0; i < batch.Count; i++)
        {
            batch[i].Planes.CopyTo(images, i * _model.ImageLength);
        }

        try
        {
            _score(images, probabilities);
        }
        catch (Exception exception)
        {
            foreach (Request request in batch)
            {
                Leave();
                request.Answer.SetException(exception);
                // Of those who no longer wait, nobody looks at it.
                _ = request.Answer.Task.Exception;
            }

            return;
        }

        ScorerMetrics.Score(batch.Count);
        for (int i = 0; i < batch.Count; i++)
        {
            float[] own = probabilities[(i * classes)..((i + 1) * classes)];
            int label = TensorPrimitives.IndexOfMax<float>(own);
            Leave();
            batch[i].Answer.SetResult(new Prediction(label, _model.ClassNames[label], own[label], own));
        }
    }

    private void Leave()
    {
        Interlocked.Decrement(ref _unanswered);
        ScorerMetrics.Leave();
    }

    /// <summary>A prepared image that waits.</summary>
    private sealed class Request(float[] planes)
    {
        private volatile bool _isAbandoned;

        public float[] Planes => planes;

        // Callers go on on their own threads, not on that which computes.
        public TaskCompletionSource<Prediction> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Whether nobody waits for the answer any longer.</summary>
        public bool IsAbandoned
        {
            get => _isAbandoned;
            set => _isAbandoned = value;
        }
    }
}
