using System.CommandLine;

namespace RePaViT.Benchmarks;

/// <summary>The options by which verbs name a preset and its form.</summary>
internal sealed class PresetOptions
{
    private readonly Option<string> _preset = new("--preset") { Description = $"One of {Names}.", Required = true };

    private readonly Option<double?> _idleRatio = CreateIdleRatio();

    private readonly Option<ExportForm> _form = new("--form") { Description = "deployed, trained or vanilla." };

    public PresetOptions(Command command)
    {
        command.Add(_preset);
        command.Add(_idleRatio);
        command.Add(_form);
    }

    /// <summary>The presets, as help and messages list them.</summary>
    public static string Names => string.Join(", ", Architecture.Presets.Select(preset => preset.Key));

    public static Option<double?> CreateIdleRatio() => new("--idle-ratio")
    {
        Description = "Share of hidden channels that skip the activation, 0 to 1; without it the preset's own.",
    };

    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public (Architecture Architecture, ExportForm Form) Read(ParseResult commandLine)
    {
        ExportForm form = commandLine.GetValue(_form);
        Architecture preset = Preset(commandLine.GetRequiredValue(_preset), commandLine.GetValue(_idleRatio));
        return (form == ExportForm.Vanilla ? preset with { IdleRatio = null } : preset, form);
    }

    /// <param name="name">Its name.</param>
    /// <param name="idleRatio">Its idle ratio; null for its own.</param>
    /// <exception cref="ArgumentException">There is no such preset.</exception>
    public static Architecture Preset(string name, double? idleRatio)
    {
        var preset = Architecture.Preset(name);
        return idleRatio is null ? preset : preset with { IdleRatio = idleRatio };
    }
}
