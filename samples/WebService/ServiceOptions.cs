using Microsoft.ML;

namespace RePaViT.WebService;

/// <summary>What the configuration says: appsettings.json, variables of the environment, or the command line.</summary>
internal sealed class ServiceOptions
{
    // What a form adds to its file.
    private const int FormBytes = 1 << 16;

    /// <summary>The model: an ONNX file of this library, or an ML.NET model with its transformer. As a variable: Model__Path.</summary>
    public ModelOptions Model { get; set; } = new();

    /// <summary>The most bytes of an image file.</summary>
    public int MaxImageBytes { get; set; } = 20_000_000;

    /// <summary>The most images that are computed together.</summary>
    public int MaxBatchSize { get; set; } = 32;

    /// <summary>Requests that may wait; more are refused.</summary>
    public int QueueCapacity { get; set; } = 256;

    /// <summary>Seconds within which a request is answered.</summary>
    public double DeadlineSeconds { get; set; } = 10;

    public TimeSpan Deadline => TimeSpan.FromSeconds(DeadlineSeconds);

    public long MaxRequestBytes => (long)MaxImageBytes + FormBytes;

    /// <exception cref="ArgumentException">There is no path.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It holds no model.</exception>
    public RePaViTModel OpenModel()
    {
        if (string.IsNullOrEmpty(Model.Path))
        {
            throw new ArgumentException(
                "No model is configured: set the environment variable Model__Path, or pass --Model:Path. "
                + "Either names a model.onnx or model.zip that QuickStart or 'repavit train' wrote.");
        }

        return Path.GetExtension(Model.Path).Equals(".onnx", StringComparison.OrdinalIgnoreCase)
            ? RePaViTModel.Load(Model.Path)
            : new MLContext().Model.LoadRePaViT(Model.Path).Model;
    }

    /// <exception cref="ArgumentException">An option has a value that is not accepted.</exception>
    public BatchingScorer CreateScorer(RePaViTModel model) => new(
        model, new BatchingOptions { MaxBatchSize = MaxBatchSize, QueueCapacity = QueueCapacity, Deadline = Deadline });

    /// <summary>Where the model is.</summary>
    internal sealed class ModelOptions
    {
        public string? Path { get; set; }
    }
}
