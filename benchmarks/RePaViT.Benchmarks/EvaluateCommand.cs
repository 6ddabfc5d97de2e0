using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace RePaViT.Benchmarks;

/// <summary><c>evaluate</c>: what the features of a model are worth, by neighbors and by a linear classifier.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = "model.onnx, or weights of others." };
        var cifar = new Option<string>("--cifar10") { Description = "A folder with CIFAR-10, binary version.", Required = true };
        var training = new Option<int?>("--training-images") { Description = "Labeled images, the first ones. Default: all." };
        var knn = new Option<bool>("--knn") { Description = "By the nearest neighbors in feature space." };
        var neighbors = new Option<int>("--neighbors") { Description = "How many of them vote.", DefaultValueFactory = _ => new NearestNeighborOptions().Neighbors };
        var linear = new Option<bool>("--linear") { Description = "By a linear classifier on the features." };
        var command = new Command("evaluate", "Measures what the features of a model are worth, by neighbors or by a linear classifier.")
        {
            model, cifar, training, knn, neighbors, linear,
        };
        command.SetAction(commandLine =>
        {
            if (!commandLine.GetValue(knn) && !commandLine.GetValue(linear))
            {
                throw new ArgumentException("--knn or --linear is needed, or both.");
            }

            string folder = commandLine.GetRequiredValue(cifar);
            EvaluateReport report = Run(
                Open(commandLine.GetRequiredValue(model)),
                FirstImages.Of(CifarDataset.ReadCifar10(folder, DatasetPart.Train), commandLine.GetValue(training)),
                CifarDataset.ReadCifar10(folder, DatasetPart.Test),
                commandLine.GetValue(knn) ? new NearestNeighborOptions { Neighbors = commandLine.GetValue(neighbors) } : null,
                commandLine.GetValue(linear));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    /// <param name="model">Gives features.</param>
    /// <param name="labeled">Images whose labels are known.</param>
    /// <param name="test">Images to classify.</param>
    /// <param name="neighbors">How neighbors vote; null to leave them out.</param>
    /// <param name="isLinear">Whether a linear classifier is fitted.</param>
    public static EvaluateReport Run(
        RePaViTModel model, IImageDataset labeled, IImageDataset test, NearestNeighborOptions? neighbors, bool isLinear) => new(
        labeled.Count,
        test.Count,
        neighbors is null ? null : Measure(() => NearestNeighbors.Fit(model, labeled, neighbors).Evaluate(test)),
        isLinear
            ? Measure(() => new TransferLearning(model, new TransferOptions { Method = TransferMethod.Linear }).Fit(labeled).Model.Evaluate(test).Accuracy)
            : null);

    private static RePaViTModel Open(string path)
        => path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase) ? RePaViTModel.Load(path) : RePaViTModel.LoadPretrained(path);

    private static Measured Measure(Func<double> evaluate)
    {
        var clock = Stopwatch.StartNew();
        double accuracy = evaluate();
        return new Measured(accuracy, clock.Elapsed.TotalSeconds);
    }

    private static void Print(EvaluateReport report)
    {
        Report.Text.WriteLine($"{report.LabeledImages} labeled images, {report.TestImages} test images");
        Print("nearest neighbors", report.NearestNeighbors);
        Print("linear classifier", report.Linear);
    }

    private static void Print(string name, Measured? measured)
    {
        if (measured is not null)
        {
            Report.Text.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name}: accuracy {measured.Accuracy:P2}, in {measured.Seconds:0.0} s"));
        }
    }
}

/// <summary>What the features are worth.</summary>
internal sealed record EvaluateReport(int LabeledImages, int TestImages, Measured? NearestNeighbors, Measured? Linear);
