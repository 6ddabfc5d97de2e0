using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using RePaViT.IO;
using RePaViT.Weights;

namespace RePaViT.Transfer;

/// <summary>
/// Features that were computed already, in memory and maybe in a safetensors file: a tensor [views, dim] for each image, under a hash
/// of its pixels. So an interrupted run continues where it was, whatever images are added or left out.
/// </summary>
internal sealed class FeatureStore
{
    private const string FormatKey = "format";
    private const string Format = "repavit-features-1";
    private const string OriginKey = "origin";
    private const string HashKey = "hash";

    // Writing takes about a tenth of the time, and being killed loses a minute at most.
    private const int TimesAsLong = 10;
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, float[]> _features = new(StringComparer.Ordinal);
    private readonly string? _path;
    private readonly string _origin;
    private readonly int _dim;
    private readonly Stopwatch _sinceWritten = Stopwatch.StartNew();
    private TimeSpan _wait = TimeSpan.FromSeconds(5);
    private bool _isChanged;

    /// <param name="path">The file; null for none. What it holds of another origin is forgotten.</param>
    /// <param name="origin">All that features depend on besides the image.</param>
    /// <param name="dim">Numbers of a row.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or none of this kind.</exception>
    public FeatureStore(string? path, string origin, int dim)
    {
        (_path, _origin, _dim) = (path, origin, dim);
        if (File.Exists(path))
        {
            Read(path);
        }
    }

    /// <summary>The features of an image, if they are stored.</summary>
    public bool TryGet(string image, int views, [NotNullWhen(true)] out float[]? features)
        => _features.TryGetValue(image, out features) && features.Length == views * _dim;

    /// <summary>Keeps features; the file follows now and then.</summary>
    public void Add(string image, float[] features)
    {
        _features[image] = features;
        _isChanged = true;
    }

    /// <summary>Why the file could not be written the last time; null where it is up to date.</summary>
    public string? Failure { get; private set; }

    /// <summary>Writes the file if it is time to.</summary>
    public void WriteIfDue()
    {
        if (_sinceWritten.Elapsed >= _wait)
        {
            TryWrite();
        }
    }

    /// <summary>Brings the file up to date. What was computed is worth more than its copy: a failure is kept as <see cref="Failure"/>.</summary>
    public void TryWrite()
    {
        try
        {
            Write();
            Failure = null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Failure = $"The features '{_path}' cannot be kept: {exception.Message}";
            _sinceWritten.Restart();
        }
    }

    /// <summary>Brings the file up to date.</summary>
    /// <exception cref="IOException">It cannot be written; it keeps its content.</exception>
    public void Write()
    {
        if (_path is null || !_isChanged)
        {
            return;
        }

        var clock = Stopwatch.StartNew();
        var tensors = new NamedTensors();
        foreach ((string image, float[] features) in _features)
        {
            tensors.Add(image, new WeightTensor(features, features.Length / _dim, _dim));
        }

        var metadata = new Dictionary<string, string> { [FormatKey] = Format, [OriginKey] = _origin };
        metadata.Add(HashKey, TensorHash.Of(metadata, HashKey, tensors).Finish());
        Safetensors.Write(_path, tensors, metadata);
        _isChanged = false;
        _wait = TimeSpan.FromTicks(Math.Clamp(TimesAsLong * clock.Elapsed.Ticks, _wait.Ticks, LongestWait.Ticks));
        _sinceWritten.Restart();
    }

    private void Read(string path)
    {
        SafetensorsFile file = Safetensors.Read(path);
        if (file.Metadata.GetValueOrDefault(FormatKey) != Format)
        {
            throw new InvalidDataException(
                $"{path}: its format is '{Excerpt.Of(file.Metadata.GetValueOrDefault(FormatKey))}', but features are stored as '{Format}'.");
        }

        try
        {
            TensorHash.Of(file.Metadata, HashKey, file.Tensors).ThrowUnlessIs(file.Metadata.GetValueOrDefault(HashKey), isRequired: true);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{path}: the features are damaged. {exception.Message}", exception);
        }

        if (file.Metadata.GetValueOrDefault(OriginKey) != _origin)
        {
            return;
        }

        foreach ((string image, WeightTensor tensor) in file.Tensors)
        {
            _features.Add(image, tensor.ToArray());
        }
    }
}
