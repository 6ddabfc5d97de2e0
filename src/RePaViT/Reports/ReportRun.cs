namespace RePaViT;

/// <summary>How a training was done, and with what.</summary>
public sealed record ReportRun
{
    /// <summary>When the report was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The network, with its sizes.</summary>
    public required string Architecture { get; init; }

    /// <summary>The recipe with what was left open as it was chosen, its seed included; null where no recipe was followed.</summary>
    public required TrainingRecipe? Recipe { get; init; }

    /// <summary>What there is to say of the way to the model, a sentence each.</summary>
    public required IReadOnlyList<string> Remarks { get; init; }

    /// <summary>Version of this library.</summary>
    public required string Library { get; init; }

    /// <summary>Version of .NET.</summary>
    public required string Runtime { get; init; }

    /// <summary>Operating system and processor architecture.</summary>
    public required string System { get; init; }

    /// <summary>Processors that the process may use.</summary>
    public required int Processors { get; init; }

    /// <summary>What the report's own measurements were computed with: avx512, avx2, advsimd, vector128 or scalar.</summary>
    public required string MeasuredWith { get; init; }

    /// <summary>What training steps were computed with (<see cref="TrainingResult.ComputedWith"/>).</summary>
    public required IReadOnlyList<string> TrainedWith { get; init; }

    /// <summary>Seconds that training took since it began or was resumed; null where it is not known.</summary>
    public required double? TrainingSeconds { get; init; }

    /// <summary>Seconds that the measurements of the report took.</summary>
    public required double ReportSeconds { get; init; }
}
