using RePaViT.Cluster.Parts;
using RePaViT.IO;
using RePaViT.Weights;

namespace RePaViT.Cluster.Silos;

/// <summary>
/// The model of a silo. Images of all parts in progress pass through it in common batches; at any time there are at most as many decoded
/// images as processors, and at most a batch of prepared ones for each part.
/// </summary>
internal sealed class SiloScorer : IAsyncDisposable
{
    private readonly RePaViTModel _model;
    private readonly ScoringSiloOptions _options;
    private readonly BatchingScorer _scorer;
    private readonly SemaphoreSlim _decoding = new(Environment.ProcessorCount);

    public SiloScorer(RePaViTModel model, ScoringSiloOptions options)
    {
        _model = model;
        _options = options;

        // Parts have a limit each; a refusal would be a failure of theirs.
        _scorer = new BatchingScorer(model, new BatchingOptions { MaxBatchSize = options.MaxBatchSize, QueueCapacity = int.MaxValue });
        var description = new Dictionary<string, string> { ["model"] = model.Description.ToJson() };
        ModelHash = TensorHash.Of(description, hashKey: "", model.Network.Weights).Finish();
    }

    /// <summary>The hash of all that decides what the model says.</summary>
    public string ModelHash { get; }

    /// <summary>Computes and stores the results of a part.</summary>
    /// <returns>Images with an error for a result.</returns>
    /// <exception cref="InvalidDataException">The list has changed.</exception>
    /// <exception cref="IOException">The list cannot be read, or results cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<int> ScoreAsync(PartWork work, CancellationToken cancellationToken)
    {
        string[] files = ImageListFile.Read(work);
        string folder = Path.GetDirectoryName(work.ImageList)!;
        var results = new ImageResult[files.Length];
        var limits = new ParallelOptions { MaxDegreeOfParallelism = _options.MaxBatchSize, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, files.Length, limits, async (i, token)
            => results[i] = await ScoreAsync(files[i], folder, token).ConfigureAwait(false)).ConfigureAwait(false);
        PartFiles.Write(work, results);
        return results.Count(result => result.Error is not null);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _scorer.DisposeAsync().ConfigureAwait(false);
        _decoding.Dispose();
    }

    private async Task<ImageResult> ScoreAsync(string file, string folder, CancellationToken cancellationToken)
    {
        Task<Prediction> prediction;
        await _decoding.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Its image is prepared before the scorer returns, and goes.
            prediction = _scorer.PredictAsync(Decode(Path.Combine(folder, file)), cancellationToken);
        }
#pragma warning disable CA1031 // Whatever an image does to its decoder, the others have results.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return new ImageResult(file, null, 0, exception.Message);
        }
        finally
        {
            _decoding.Release();
        }

        try
        {
            (_, string className, float probability, _) = await prediction.ConfigureAwait(false);
            return new ImageResult(file, className, probability, null);
        }
        catch (ArgumentException exception)
        {
            return new ImageResult(file, null, 0, exception.Message);
        }
    }

    private RgbImage Decode(string path)
    {
        byte[] bytes;
        using (FileStream stream = SourceFile.Open(path))
        {
            if (stream.Length > _options.MaxImageBytes)
            {
                throw new InvalidDataException(
                    $"The file has {stream.Length} bytes: at most {_options.MaxImageBytes} are accepted.");
            }

            bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
        }

        return _options.Decoder(bytes, _model);
    }
}
