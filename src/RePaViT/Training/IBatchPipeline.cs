namespace RePaViT.Training;

/// <summary>
/// The batches of a training run. Batch b of epoch e depends on the seed, e and b alone, so that a run can start
/// anywhere, prepare batches ahead, and use any number of threads, with the same bytes.
/// </summary>
internal interface IBatchPipeline
{
    /// <summary>Images in every batch.</summary>
    int BatchSize { get; }

    /// <summary>Batches in an epoch.</summary>
    int BatchesPerEpoch { get; }

    /// <summary>Buffers for one batch.</summary>
    TrainingBatch CreateBatch();

    /// <summary>Prepares a batch. Several threads may call this at once, each with its own destination.</summary>
    /// <param name="epoch">At least 0.</param>
    /// <param name="batch">In [0, <see cref="BatchesPerEpoch"/>).</param>
    /// <param name="destination">A batch that <see cref="CreateBatch"/> made.</param>
    void Fill(int epoch, int batch, TrainingBatch destination);
}
