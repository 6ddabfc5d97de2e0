using System.Globalization;
using System.Xml.Linq;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace RePaViT.Pages.Charts;

/// <summary>Charts as drawings within the page, which take its colors.</summary>
internal static class Chart
{
    private const double Width = 440;
    private const double Height = 270;
    private const double FontSize = 13;
    private const int MostMarkers = 30;

    /// <param name="title">What the chart shows, as its caption and for those who do not see it.</param>
    /// <param name="model">The chart.</param>
    public static XElement Draw(string title, PlotModel model)
    {
        // Without a namespace, which HTML does not need.
        XElement svg = WithoutNamespace(XElement.Parse(SvgExporter.ExportToString(model, Width, Height, isDocument: false)));
        svg.SetAttributeValue("width", null);
        svg.SetAttributeValue("height", null);
        svg.SetAttributeValue("version", null);
        svg.SetAttributeValue("viewBox", string.Create(CultureInfo.InvariantCulture, $"0 0 {Width} {Height}"));
        svg.SetAttributeValue("role", "img");
        svg.SetAttributeValue("aria-label", title);

        // Nothing is outside of its drawing, and names of what cuts it off would meet those of other drawings.
        svg.Descendants("defs").Remove();
        foreach (XElement element in svg.DescendantsAndSelf())
        {
            element.SetAttributeValue("clip-path", null);
            element.SetAttributeValue("font-family", null);
            Recolor(element);
        }

        return Html.Element("figure", Html.Class("chart"), Html.Element("figcaption", title), svg);
    }

    /// <summary>An empty chart with two axes.</summary>
    public static PlotModel Create(string horizontal, string vertical)
    {
        var model = new PlotModel
        {
            TextColor = Palette.Text,
            PlotAreaBorderColor = Palette.Grid,
            PlotAreaBorderThickness = new OxyThickness(1, 0, 0, 1),
            DefaultFontSize = FontSize,
            Padding = new OxyThickness(4, 4, 12, 4),
            Culture = CultureInfo.InvariantCulture,
        };
        model.Axes.Add(Axis(AxisPosition.Bottom, horizontal));
        model.Axes.Add(Axis(AxisPosition.Left, vertical));
        model.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside,
            LegendPosition = LegendPosition.TopLeft,
            LegendOrientation = LegendOrientation.Horizontal,
            LegendTextColor = Palette.Text,
            LegendFontSize = FontSize,
            LegendBorderThickness = 0,
        });
        return model;
    }

    /// <summary>A line, drawn through in the first color and dashed in the second: told apart without colors too.</summary>
    public static LineSeries Line(string? title, bool isSecond, IEnumerable<DataPoint> points)
    {
        var line = new LineSeries
        {
            Title = title,
            Color = isSecond ? Palette.Second : Palette.First,
            LineStyle = isSecond ? LineStyle.Dash : LineStyle.Solid,
            StrokeThickness = 2,
            MarkerSize = 3,
        };
        line.Points.AddRange(points);
        line.MarkerType = line.Points.Count > MostMarkers ? MarkerType.None : isSecond ? MarkerType.Square : MarkerType.Circle;
        line.MarkerFill = line.Color;
        return line;
    }

    /// <summary>A vertical line.</summary>
    public static LineAnnotation Mark(double x, string text) => new()
    {
        Type = LineAnnotationType.Vertical,
        X = x,
        Color = Palette.Text,
        TextColor = Palette.Text,
        LineStyle = LineStyle.Dot,
        Text = text,
        TextOrientation = AnnotationTextOrientation.Horizontal,
        TextHorizontalAlignment = HorizontalAlignment.Right,
        TextVerticalAlignment = VerticalAlignment.Top,
        TextLinePosition = 0,
    };

    private static LinearAxis Axis(AxisPosition position, string title) => new()
    {
        Position = position,
        Title = title,
        TextColor = Palette.Text,
        TitleColor = Palette.Text,
        TicklineColor = Palette.Grid,
        MinorTickSize = 0,
        MajorGridlineStyle = LineStyle.Solid,
        MajorGridlineColor = Palette.Grid,
        AxislineColor = Palette.Grid,
        MaximumPadding = 0.03,
        MinimumPadding = 0.03,
        IntervalLength = 70,

        // Fonts of browsers are wider than the one that places are computed for.
        AxisTitleDistance = position == AxisPosition.Left ? 22 : 4,
    };

    private static XElement WithoutNamespace(XElement element) => new(
        element.Name.LocalName,
        element.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration).Select(attribute => new XAttribute(attribute.Name.LocalName, attribute.Value)),
        element.Nodes().Select(node => node is XElement child ? WithoutNamespace(child) : node));

    private static void Recolor(XElement element)
    {
        foreach (XAttribute attribute in element.Attributes().ToArray())
        {
            foreach ((string color, string variable) in Palette.Variables)
            {
                if (!attribute.Value.Contains(color, StringComparison.Ordinal))
                {
                    continue;
                }

                // A variable is read in a style, and not by every browser in an attribute.
                string style = attribute.Name == "style" ? attribute.Value : $"{attribute.Name}:{attribute.Value}";
                element.SetAttributeValue("style", style.Replace(color, variable, StringComparison.Ordinal));
                if (attribute.Name != "style")
                {
                    attribute.Remove();
                }

                break;
            }
        }

        // Several colors in one style.
        if (element.Attribute("style") is XAttribute whole)
        {
            whole.Value = Palette.Variables.Aggregate(whole.Value, (text, pair) => text.Replace(pair.Key, pair.Value, StringComparison.Ordinal));
        }
    }
}
