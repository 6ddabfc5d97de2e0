using System.CommandLine;

namespace RePaViT.Benchmarks;

/// <summary>The options by which verbs name a preset and its form.</summary>
internal sealed class PresetOptions
{
    private readonly Option<string> _preset = new("--preset") { Description = $"One of {Names}.", Required = true };

    private readonly Option<double?> _idleRatio = CreateIdleRatio();

    private readonly Option<FeedForwardNorm> _norm = new("--norm") { Description = "What feed-forward layers normalize." };

    private readonly Option<ExportForm> _form = new("--form") { Description = "deployed, trained or vanilla." };

    public PresetOptions(Command command)
    {
        command.Add(_preset);
        command.Add(_idleRatio);
        command.Add(_norm);
        command.Add(_form);
    }

    /// <summary>The presets, as help and messages list them.</summary>
    public static string Names => string.Join(", ", Architecture.Presets.Select(preset => preset.Key).Concat(ClipTowers.Keys));

    /// <summary>CLIP's image towers with a head for 1000 names.</summary>
    private static Dictionary<string, ViTArchitecture> ClipTowers { get; } = ((int[])[32, 16]).ToDictionary(
        patch => $"CLIP-B{patch}",
        patch => ViTArchitecture.Base with
        {
            PatchSize = patch, NormEpsilon = 1e-5, FeedForwardActivation = FeedForwardActivation.QuickGelu, ProjectionDim = 512,
        },
        StringComparer.OrdinalIgnoreCase);

    public static Option<double?> CreateIdleRatio() => new("--idle-ratio")
    {
        Description = "Share of hidden channels that skip the activation, 0 to 1; without it the preset's own.",
    };

    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public (Architecture Architecture, ExportForm Form) Read(ParseResult commandLine)
    {
        ExportForm form = commandLine.GetValue(_form);
        Architecture preset = Preset(commandLine.GetRequiredValue(_preset), commandLine.GetValue(_idleRatio)) with { FeedForwardNorm = commandLine.GetValue(_norm) };
        return (form == ExportForm.Vanilla ? preset with { IdleRatio = null } : preset, form);
    }

    /// <param name="name">Its name.</param>
    /// <param name="idleRatio">Its idle ratio; null for its own.</param>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static Architecture Preset(string name, double? idleRatio)
    {
        Architecture preset = ClipTowers.GetValueOrDefault(name) ?? Architecture.Preset(name);
        return idleRatio is null ? preset : preset with { IdleRatio = idleRatio };
    }
}
