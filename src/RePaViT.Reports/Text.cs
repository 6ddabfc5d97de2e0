using System.Globalization;

namespace RePaViT.Pages;

/// <summary>Numbers as people read them, the same in every country.</summary>
internal static class Text
{
    private const string Nothing = "–";

    public static string Percent(double? share, int decimals = 1)
        => share is double value ? (100 * value).ToString($"F{decimals}", CultureInfo.InvariantCulture) + "\u00A0%" : Nothing;

    public static string Number(double? number, string format = "G4")
        => number?.ToString(format, CultureInfo.InvariantCulture) ?? Nothing;

    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A count with what is counted, in the right number.</summary>
    public static string Count(long count, string one, string many) => $"{Count(count)} {(count == 1 ? one : many)}";

    public static string Millions(long count) => (count / 1e6).ToString(count < 1e8 ? "F3" : "F1", CultureInfo.InvariantCulture) + " M";

    public static string Bytes(long? bytes) => bytes switch
    {
        null => "over 2 GiB",
        < 1_000_000 => Number(bytes / 1e3, "F0") + " kB",
        _ => Number(bytes / 1e6, "F2") + " MB",
    };

    public static string Seconds(double? seconds) => seconds switch
    {
        null => Nothing,
        < 120 => Number(seconds, "F1") + " s",
        _ => TimeSpan.FromSeconds(seconds.Value).ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture),
    };

    public static string Ratio(double deployed, double trained) => Number(deployed / trained, "F2");
}
