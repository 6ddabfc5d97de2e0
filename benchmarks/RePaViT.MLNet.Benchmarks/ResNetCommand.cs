using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using RePaViT.Benchmarks;
using Spectre.Console;

namespace RePaViT.MLNet.Benchmarks;

/// <summary><c>resnet</c>: what ML.NET's own way learns from the images that <c>transfer</c> of RePaViT.Benchmarks draws.</summary>
internal static class ResNetCommand
{
    public static Command Create()
    {
        var cifar = new Option<string>("--cifar10") { Description = "A folder with CIFAR-10, binary version.", Required = true };
        Option<int[]> images = ImageCounts.CreateOption();
        var seed = new Option<ulong>("--seed") { Description = "Chooses the images." };
        var command = new Command("resnet", "Measures ResNet18's features with a linear classifier.") { cifar, images, seed };
        command.SetAction(commandLine =>
        {
            var task = TransferTask.Create(
                CifarDataset.ReadCifar10(commandLine.GetRequiredValue(cifar), DatasetPart.Train),
                CifarDataset.ReadCifar10(commandLine.GetRequiredValue(cifar), DatasetPart.Test));
            ulong seedValue = commandLine.GetValue(seed);
            ResNetReport report = new(seedValue, [.. commandLine.GetRequiredValue(images).Select(count => Learn(task, count, seedValue))]);
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    private static ResNetRow Learn(TransferTask task, int images, ulong seed)
    {
        var context = new MLContext(seed: (int)seed);
        IImageDataset training = task.Draw(images, seed);
        var clock = Stopwatch.StartNew();
        ITransformer model = ResNet.Classify(context).Fit(context.Data.LoadFromEnumerable(ImageRow.Of(training)));
        double seconds = clock.Elapsed.TotalSeconds;
        IDataView scored = model.Transform(context.Data.LoadFromEnumerable(ImageRow.Of(task.TargetTest)));
        clock.Restart();
        double accuracy = context.MulticlassClassification.Evaluate(scored).MicroAccuracy;
        return new ResNetRow(training.Count, accuracy, seconds, task.TargetTest.Count / clock.Elapsed.TotalSeconds);
    }

    private static void Print(ResNetReport report)
    {
        foreach (ResNetRow row in report.Rows)
        {
            Report.Text.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{row.Images} images, seed {report.Seed}: {row.Accuracy:P1} in {row.Seconds:0.0} s, {row.ImagesPerSecond:0} images/s"));
        }
    }
}

/// <summary>What was measured.</summary>
internal sealed record ResNetReport(ulong Seed, IReadOnlyList<ResNetRow> Rows);

/// <summary>What came of some images.</summary>
/// <param name="Images">Number of training images.</param>
/// <param name="Accuracy">On all test images of the classes.</param>
/// <param name="Seconds">To compute the features of the training images and to fit the classifier.</param>
/// <param name="ImagesPerSecond">Of scoring all test images through ML.NET.</param>
internal sealed record ResNetRow(int Images, double Accuracy, double Seconds, double ImagesPerSecond);
