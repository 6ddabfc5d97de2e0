namespace RePaViT;

/// <summary>How a training was done, and with what.</summary>
public sealed record ReportRun
{
    /// <summary>When the report was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>The network, with its sizes.</summary>
    public required string Architecture { get; init; }

    /// <summary>The recipe, with the values chosen for what it left open, including its seed; null if there was no recipe.</summary>
    public required TrainingRecipe? Recipe { get; init; }

    /// <summary>Remarks on how the model was made, one sentence each.</summary>
    public required IReadOnlyList<string> Remarks { get; init; }

    /// <summary>Version of this library.</summary>
    public required string Library { get; init; }

    /// <summary>Version of .NET.</summary>
    public required string Runtime { get; init; }

    /// <summary>Operating system and processor architecture.</summary>
    public required string System { get; init; }

    /// <summary>Processors that the process may use.</summary>
    public required int Processors { get; init; }

    /// <summary>The instruction set used for the report's own measurements: avx512, avx2, advsimd, vector128 or scalar.</summary>
    public required string MeasuredWith { get; init; }

    /// <summary>What the training steps were computed with (<see cref="TrainingResult.ComputedWith"/>).</summary>
    public required IReadOnlyList<string> TrainedWith { get; init; }

    /// <summary>Seconds that training took since it began or was resumed; null if it is not known.</summary>
    public required double? TrainingSeconds { get; init; }

    /// <summary>Seconds that the measurements of the report took.</summary>
    public required double ReportSeconds { get; init; }
}
