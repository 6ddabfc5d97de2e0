using System.Text.Json;
using RePaViT.IO;

namespace RePaViT.Training;

/// <summary>
/// A run between two steps: a safetensors file with the engine's state under <c>engine.</c>, the best weights so far
/// under <c>best.</c>, and the rest as JSON in the header.
/// </summary>
internal sealed class Checkpoint
{
    private const string FormatKey = "format";
    private const string Format = "repavit-checkpoint-1";
    private const string RunKey = "run";
    private const string StateKey = "state";
    private const string EnginePrefix = "engine.";
    private const string BestPrefix = "best.";

    public required RunDescription Run { get; init; }

    public required TrainingState State { get; init; }

    public required NamedTensors Engine { get; init; }

    /// <summary>Weights of the epoch with the best validation; null before the first validation.</summary>
    public required NamedTensors? BestWeights { get; init; }

    /// <exception cref="IOException">The file cannot be written; what it held is still there.</exception>
    public void Write(string path)
    {
        var tensors = new NamedTensors();
        AddWithPrefix(tensors, EnginePrefix, Engine);
        AddWithPrefix(tensors, BestPrefix, BestWeights ?? new NamedTensors());
        var metadata = new Dictionary<string, string>
        {
            [FormatKey] = Format,
            [RunKey] = JsonSerializer.Serialize(Run, ModelDescription.JsonOptions),
            [StateKey] = JsonSerializer.Serialize(State, ModelDescription.JsonOptions),
        };
        try
        {
            Safetensors.Write(path, tensors, metadata);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The checkpoint '{path}' cannot be written: {exception.Message}", exception);
        }
    }

    /// <exception cref="InvalidDataException">The file is damaged or no checkpoint.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Checkpoint Read(string path)
    {
        SafetensorsFile file = Safetensors.Read(path);
        if (!file.Metadata.TryGetValue(FormatKey, out string? format) || format != Format)
        {
            throw new InvalidDataException($"{path}: its format is '{Excerpt.Of(format)}', but a checkpoint says '{Format}'.");
        }

        try
        {
            var run = Parse<RunDescription>(file.Metadata, RunKey);
            run.Validate();
            var state = Parse<TrainingState>(file.Metadata, StateKey);
            state.Restore(run);
            NamedTensors? best = state.Best is null ? null : file.Tensors.WithoutPrefix(BestPrefix);
            best?.ThrowUnlessFits(run.Model.Architecture.Layers(NetworkForm.Trained));
            return new Checkpoint
            {
                Run = run,
                State = state,
                Engine = file.Tensors.WithoutPrefix(EnginePrefix),
                BestWeights = best,
            };
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or NotSupportedException)
        {
            throw new InvalidDataException($"{path}: the checkpoint is damaged. {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    private static T Parse<T>(IReadOnlyDictionary<string, string> metadata, string key)
        => metadata.TryGetValue(key, out string? json)
            ? JsonSerializer.Deserialize<T>(json, ModelDescription.JsonOptions) ?? throw new JsonException($"'{key}' is null.")
            : throw new JsonException($"The header has no '{key}'.");

    private static void AddWithPrefix(NamedTensors target, string prefix, NamedTensors source)
    {
        foreach ((string name, WeightTensor tensor) in source)
        {
            target.Add(prefix + name, tensor);
        }
    }
}
