using System.Globalization;

namespace RePaViT;

/// <summary>How neighbors vote.</summary>
public sealed record NearestNeighborOptions
{
    private const double LeastTemperature = 1e-3;
    private const double GreatestTemperature = 1e3;

    /// <summary>How many vote, at least 1; all where there are fewer. Default 20, as in DINO.</summary>
    public int Neighbors { get; init; } = 20;

    /// <summary>T, from 0.001 to 1000: the less, the more the nearest counts. Default 0.07, as in DINO.</summary>
    public double Temperature { get; init; } = 0.07;

    /// <summary>Checks every property.</summary>
    /// <exception cref="ArgumentException">A property has a value that is not accepted; the message names it.</exception>
    public void Validate()
    {
        Guard.ThrowUnless(Neighbors >= 1, Neighbors, "a number from 1 on");
        Guard.ThrowUnless(
            Temperature is >= LeastTemperature and <= GreatestTemperature,
            Temperature,
            string.Create(CultureInfo.InvariantCulture, $"a number from {LeastTemperature} to {GreatestTemperature}"));
    }
}
