using System.Globalization;
using Spectre.Console;

namespace RePaViT.QuickStart;

/// <summary>Shows what a model says about a few images.</summary>
internal static class PredictionTable
{
    private const int Rows = 8;

    /// <summary>Takes the first images of the data set.</summary>
    public static void Write(RePaViTModel model, IImageDataset images)
    {
        Table table = new Table().RoundedBorder().AddColumns("Read back from the file", "True class", "Predicted", "Probability");
        for (int index = 0; index < Math.Min(Rows, images.Count); index++)
        {
            Prediction prediction = model.Predict(images.GetImage(index));
            table.AddRow(
                $"test {index}",
                Markup.Escape(images.ClassNames[images.GetLabel(index)]),
                Markup.Escape(prediction.ClassName),
                string.Create(CultureInfo.InvariantCulture, $"{100 * prediction.Probability:F1}%"));
        }

        AnsiConsole.Write(table);
    }
}
