using OxyPlot;

namespace RePaViT.Pages.Charts;

/// <summary>
/// Colors that stand for variables of the page's style, which decides what they are in light and in dark. No two are the same.
/// </summary>
internal static class Palette
{
    public static OxyColor Text { get; } = OxyColor.FromRgb(1, 0, 0);

    public static OxyColor Grid { get; } = OxyColor.FromRgb(2, 0, 0);

    public static OxyColor First { get; } = OxyColor.FromRgb(3, 0, 0);

    public static OxyColor Second { get; } = OxyColor.FromRgb(4, 0, 0);

    /// <summary>The variable for each color, as the drawing names it.</summary>
    public static IReadOnlyDictionary<string, string> Variables { get; } = new Dictionary<string, string>
    {
        ["rgb(1,0,0)"] = "var(--text)",
        ["rgb(2,0,0)"] = "var(--grid)",
        ["rgb(3,0,0)"] = "var(--first)",
        ["rgb(4,0,0)"] = "var(--second)",
    };
}
