using RePaViT.Models;

namespace RePaViT.Reports;

/// <summary>Counts which label gets which answer.</summary>
internal static class Confusion
{
    /// <summary>The cells that are not 0, by label and answer: of many classes there are far fewer than their square.</summary>
    public static IReadOnlyList<ReportConfusion> Cells(LabeledLogits answers) =>
    [
        .. Enumerable.Range(0, answers.Count)
            .CountBy(image => (Label: answers.Label(image), Predicted: answers.Predicted(image)))
            .OrderBy(cell => cell.Key)
            .Select(cell => new ReportConfusion(cell.Key.Label, cell.Key.Predicted, cell.Value)),
    ];

    /// <summary>What follows for each class.</summary>
    public static IReadOnlyList<ReportClass> Classes(LabeledLogits answers, IImageDataset training)
    {
        int[] trained = training.CountLabels();
        int[] labels = new int[trained.Length];
        int[] predicted = new int[trained.Length];
        int[] correct = new int[trained.Length];
        for (int image = 0; image < answers.Count; image++)
        {
            (int label, int answer) = (answers.Label(image), answers.Predicted(image));
            labels[label]++;
            predicted[answer]++;
            correct[label] += label == answer ? 1 : 0;
        }

        return [.. training.ClassNames.Select((name, i) => new ReportClass(name, trained[i], labels[i], predicted[i], correct[i]))];
    }
}
