namespace RePaViT;

/// <summary>What a report shows.</summary>
public sealed record TrainingReportOptions
{
    private const int MostMistakes = 100;

    /// <summary>The largest number of mistakes to show as pictures, the most confident first; from 0 to 100. Default 12.</summary>
    public int MaxMistakes { get; init; } = 12;

    /// <summary>
    /// Whether the saved model has the temperature that the report finds (<see cref="TemperatureScaling.WithTemperature"/>): the
    /// probabilities of mistakes are then those of that model. Default false.
    /// </summary>
    public bool IsCalibrated { get; init; }

    /// <summary>What was left out of the data and why, a line for each row or reason. Default: nothing.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>Remarks on how the model was made, one sentence each. Default: none.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        Guard.ThrowUnless(MaxMistakes is >= 0 and <= MostMistakes, MaxMistakes, $"a number from 0 to {MostMistakes}");
        ArgumentNullException.ThrowIfNull(LeftOut);
        ArgumentNullException.ThrowIfNull(Remarks);
    }
}
