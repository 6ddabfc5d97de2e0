namespace RePaViT.Training;

/// <summary>Prepares the next batch while the current one is trained on.</summary>
internal sealed class BatchPrefetcher : IDisposable
{
    private readonly IBatchPipeline _pipeline;
    private TrainingBatch _current;
    private TrainingBatch _next;
    private int _epoch;
    private int _batch;
    private Task _preparation;

    /// <summary>Starts at any batch of a run and begins to prepare it.</summary>
    public BatchPrefetcher(IBatchPipeline pipeline, int epoch, int batch)
    {
        _pipeline = pipeline;
        _epoch = epoch;
        _batch = batch;
        _current = pipeline.CreateBatch();
        _next = pipeline.CreateBatch();
        _preparation = Prepare();
    }

    /// <summary>
    /// The batch at the current position; moves on by one, and from an epoch's last batch to the next epoch's first.
    /// The batch is valid until the next call. What preparing it threw is thrown here.
    /// </summary>
    public TrainingBatch Next()
    {
        _preparation.GetAwaiter().GetResult();
        (_current, _next) = (_next, _current);
        if (++_batch == _pipeline.BatchesPerEpoch)
        {
            _batch = 0;
            _epoch++;
        }

        _preparation = Prepare();
        return _current;
    }

    /// <summary>Waits until nothing is being prepared. A failure there no longer matters: that batch was not requested.</summary>
    public void Dispose() => Task.WaitAny(_preparation);

    private Task Prepare()
    {
        (int epoch, int batch, TrainingBatch destination) = (_epoch, _batch, _next);
        return Task.Run(() => _pipeline.Fill(epoch, batch, destination));
    }
}
