using System.Globalization;

namespace RePaViT;

/// <summary>How far a conversion is.</summary>
/// <param name="Trial">
/// Which conversion it is, counted from 1: more than one is tried for <see cref="ConversionOptions.MinimumAgreement"/>.
/// </param>
/// <param name="Block">Blocks converted so far.</param>
/// <param name="Blocks">All blocks.</param>
public sealed record ConversionProgress(int Trial, int Block, int Blocks)
{
    /// <summary>One line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"Conversion{(Trial > 1 ? $" {Trial}" : "")}: block {Block}/{Blocks}");
}
