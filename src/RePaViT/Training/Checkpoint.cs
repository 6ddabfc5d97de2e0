using System.Text.Json;
using RePaViT.IO;
using RePaViT.Networks;
using RePaViT.Operators;
using RePaViT.Training.Contrastive;
using RePaViT.Weights;

namespace RePaViT.Training;

/// <summary>
/// A run between two steps: a safetensors file with the engine's state under <c>engine.</c>, the best weights so far
/// under <c>best.</c>, and the rest as JSON in the header, with a hash of all that.
/// </summary>
internal sealed class Checkpoint
{
    private const string FormatKey = "format";
    private const string Format = "repavit-checkpoint-2";
    private const string FormatWithoutHash = "repavit-checkpoint-1";
    private const string RunKey = "run";
    private const string StateKey = "state";
    private const string TokenLabelsKey = "tokenLabels";
    private const string DistillationKey = "distillation";
    private const string SelfDistillationKey = "selfDistillation";
    private const string ContrastKey = "contrast";
    private const string HashKey = "hash";
    private const string ComputedWithKey = "computedWith";

    // Far more than there are.
    private const int MaxComputedWithLength = 200;
    private const string EnginePrefix = "engine.";
    private const string BestPrefix = "best.";

    public required RunDescription Run { get; init; }

    public required TrainingState State { get; init; }

    public required NamedTensors Engine { get; init; }

    /// <summary>Weights of the epoch with the best validation; null before the first validation.</summary>
    public required NamedTensors? BestWeights { get; init; }

    /// <summary>What the steps so far were computed with, first to last; empty if that is not known.</summary>
    public required IReadOnlyList<string> ComputedWith { get; init; }

    /// <summary>
    /// Looks for a number that is not finite, or a variance or mean square below 0: with it, training cannot continue.
    /// </summary>
    /// <returns>What it is, as the beginning of a sentence; null if there is none.</returns>
    public string? FindWrongNumber()
    {
        IEnumerable<TensorSpec> tensors = Run.Model.Architecture.Layers(NetworkForm.Trained).SelectMany(layer => layer.Tensors);
        var fromZero = EngineState.NamesFromZero(tensors).ToHashSet(StringComparer.Ordinal);
        return FindIn(EnginePrefix, Engine) ?? FindIn(BestPrefix, BestWeights ?? new NamedTensors());

        string? FindIn(string prefix, NamedTensors tensors) => tensors
            .Select(pair => TensorValues.FindWrong(prefix + pair.Key, pair.Value.Data, fromZero.Contains(pair.Key)))
            .FirstOrDefault(wrong => wrong is not null);
    }

    /// <summary>Keeps a checkpoint for one run.</summary>
    /// <exception cref="IOException">Another run keeps it, which the message names; or its folder cannot be written to.</exception>
    public static PathLock Lock(string path)
    {
        try
        {
            return PathLock.Acquire(path);
        }
        catch (Exception exception) when (exception is DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, exception);
        }
    }

    /// <exception cref="IOException">The file cannot be written; what it held is still there.</exception>
    public void Write(string path)
    {
        var tensors = new NamedTensors();
        AddWithPrefix(tensors, EnginePrefix, Engine);
        AddWithPrefix(tensors, BestPrefix, BestWeights ?? new NamedTensors());
        var metadata = new Dictionary<string, string>
        {
            [FormatKey] = Format,
            [RunKey] = RunJson.Stored.Write(Run),
            [StateKey] = RunJson.Stored.Write(State),
        };
        AddIfSet(metadata, TokenLabelsKey, Run.TokenLabels);
        AddIfSet(metadata, DistillationKey, Run.Distillation);
        AddIfSet(metadata, SelfDistillationKey, Run.SelfDistillation);
        AddIfSet(metadata, ContrastKey, Run.Contrast);
        if (ComputedWith.Count > 0)
        {
            metadata.Add(ComputedWithKey, string.Join(' ', ComputedWith));
        }

        metadata.Add(HashKey, TensorHash.Of(metadata, HashKey, tensors).Finish());
        try
        {
            Safetensors.Write(path, tensors, metadata);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, exception);
        }
    }

    /// <exception cref="InvalidDataException">The file is damaged or no checkpoint.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Checkpoint Read(string path)
    {
        SafetensorsFile file = Safetensors.Read(path);
        if (!file.Metadata.TryGetValue(FormatKey, out string? format) || format is not (Format or FormatWithoutHash))
        {
            throw new InvalidDataException($"{path}: its format is '{Excerpt.Of(format)}', but a checkpoint says '{Format}'.");
        }

        try
        {
            TensorHash.Of(file.Metadata, HashKey, file.Tensors).ThrowUnlessIs(
                file.Metadata.GetValueOrDefault(HashKey), isRequired: format == Format);
            RunDescription run = Parse<RunDescription>(file.Metadata, RunKey) with
            {
                TokenLabels = ParseIfSet<TokenLabelDescription>(file.Metadata, TokenLabelsKey),
                Distillation = ParseIfSet<DistillationDescription>(file.Metadata, DistillationKey),
                SelfDistillation = ParseIfSet<SelfDistillation>(file.Metadata, SelfDistillationKey),
                Contrast = ParseIfSet<ContrastDescription>(file.Metadata, ContrastKey),
            };
            if (run.Recipe.ChannelIdleMethod == ChannelIdleMethod.Auto)
            {
                // Written before there was a choice.
                run = run with { Recipe = run.Recipe with { ChannelIdleMethod = ChannelIdleMethod.Train } };
            }

            run.Validate();
            var state = Parse<TrainingState>(file.Metadata, StateKey);
            state.Restore(run);
            NamedTensors? best = state.Best is null ? null : file.Tensors.WithoutPrefix(BestPrefix);
            if (best is not null)
            {
                Network.ThrowUnlessFits(best, run.Model.Architecture.Layers(NetworkForm.Trained));
            }

            var checkpoint = new Checkpoint
            {
                Run = run,
                State = state,
                Engine = file.Tensors.WithoutPrefix(EnginePrefix),
                BestWeights = best,
                ComputedWith = ParseComputedWith(file.Metadata.GetValueOrDefault(ComputedWithKey, "")),
            };
            return checkpoint.FindWrongNumber() is string wrong ? throw TensorValues.Refusal(wrong) : checkpoint;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}: the checkpoint is damaged. {Excerpt.OfMessage(exception)}", Excerpt.AsReason(exception));
        }
    }

    private static IOException CannotWrite(string path, Exception reason)
        => new($"The checkpoint '{path}' cannot be written: {reason.Message}", reason);

    private static T Parse<T>(IReadOnlyDictionary<string, string> metadata, string key)
        => metadata.TryGetValue(key, out string? json)
            ? RunJson.Stored.Parse<T>(json) ?? throw new JsonException($"'{key}' is null.")
            : throw new JsonException($"The header has no '{key}'.");

    /// <summary>What only some runs have.</summary>
    private static void AddIfSet<T>(Dictionary<string, string> metadata, string key, T? value)
        where T : class
    {
        if (value is not null)
        {
            metadata.Add(key, RunJson.Stored.Write(value));
        }
    }

    private static T? ParseIfSet<T>(IReadOnlyDictionary<string, string> metadata, string key)
        where T : class
        => metadata.ContainsKey(key) ? Parse<T>(metadata, key) : null;

    private static string[] ParseComputedWith(string names)
        => names.Length <= MaxComputedWithLength && names.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or ' ')
            ? names.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            : throw new InvalidDataException($"'{ComputedWithKey}' is not a list of short names.");

    private static void AddWithPrefix(NamedTensors target, string prefix, NamedTensors source)
    {
        foreach ((string name, WeightTensor tensor) in source)
        {
            target.Add(prefix + name, tensor);
        }
    }
}
