using System.CommandLine;
using System.Globalization;
using RePaViT.Benchmarks;
using Spectre.Console;

namespace RePaViT.MLNet.Benchmarks;

/// <summary><c>distil</c>: a network of ours that learned ResNet18's features of unlabelled images, on a few labelled photos.</summary>
internal static class DistilCommand
{
    public static Command Create()
    {
        var cifar = new Option<string>("--cifar10")
        {
            Description = "A folder with CIFAR-10, binary version, whose training images are learned from without labels.",
            Required = true,
        };
        var unlabelled = new Option<int?>("--unlabelled") { Description = "How many of these, the first ones. Default: all." };
        var photos = new Option<string>("--photos") { Description = "A folder with one folder of JPEG photos for each class.", Required = true };
        var images = new Option<int>("--images") { Description = "Photos to learn from; the others are tested on.", DefaultValueFactory = _ => 300 };
        var seed = new Option<ulong>("--seed") { Description = "Chooses the photos." };
        var model = new Option<string>("--model")
        {
            Description = "The file of the distilled network, which is used if it is there.",
            DefaultValueFactory = _ => "distilled.onnx",
        };
        var epochs = new Option<int>("--epochs") { Description = "Times that every unlabelled image is seen.", DefaultValueFactory = _ => 20 };
        var noScratch = new Option<bool>("--no-scratch") { Description = "Leaves out the network from random weights." };
        var command = new Command("distil", "Measures a network that was taught by ResNet18 without labels, beside ResNet18.")
        {
            cifar, unlabelled, photos, images, seed, model, epochs, noScratch,
        };
        var network = new SmallNetworkOptions(command, depth: 6);
        command.SetAction(commandLine =>
        {
            DistilReport report = DistillationComparison.Run(
                network.Read(commandLine, ImageRow.Size),
                new TrainingRecipe { Epochs = commandLine.GetValue(epochs) },
                commandLine.GetRequiredValue(cifar),
                commandLine.GetValue(unlabelled),
                commandLine.GetRequiredValue(photos),
                commandLine.GetRequiredValue(model),
                commandLine.GetValue(images),
                commandLine.GetValue(seed),
                !commandLine.GetValue(noScratch));
            Report.Write(commandLine, report, Print);
        });
        return command;
    }

    private static void Print(DistilReport report)
    {
        Report.Text.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Photos} photos, {report.TestPhotos} others tested, seed {report.Seed}{(report.DistillationSeconds is double seconds ? $"; taught in {seconds:0} s" : "")}"));
        foreach (Learned way in new[] { report.Distilled, report.ResNet, report.Scratch }.OfType<Learned>())
        {
            Report.Text.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {way.Name,-32} photos {way.PhotoAccuracy:P1}, CIFAR-10's test images {way.TestAccuracy:P1}, {way.Seconds,5:0.0} s, {way.ImagesPerSecond,6:0} images/s, {way.Bytes / 1e6:0.0} MB{(way.Parameters is long parameters ? $", {parameters} parameters" : "")}"));
        }
    }
}

/// <summary>What was measured.</summary>
/// <param name="Seed">Chose the photos.</param>
/// <param name="Photos">Photos that were learned from.</param>
/// <param name="TestPhotos">Photos that were not.</param>
/// <param name="DistillationSeconds">What it took to learn the features; null where that was done before.</param>
/// <param name="Distilled">The network that ResNet18 taught.</param>
/// <param name="ResNet">ResNet18 itself.</param>
/// <param name="Scratch">The network from random weights; null where it was left out.</param>
internal sealed record DistilReport(
    ulong Seed, int Photos, int TestPhotos, double? DistillationSeconds, Learned Distilled, Learned ResNet, Learned? Scratch);

/// <summary>What came of the photos.</summary>
/// <param name="Name">The way of learning.</param>
/// <param name="PhotoAccuracy">On the photos that are left.</param>
/// <param name="TestAccuracy">On CIFAR-10's test images.</param>
/// <param name="Seconds">To learn from the photos.</param>
/// <param name="ImagesPerSecond">Of scoring through ML.NET.</param>
/// <param name="Parameters">Of the deployed network; null for ResNet18, which does not tell.</param>
/// <param name="Bytes">Length of the network's file.</param>
internal sealed record Learned(
    string Name, double PhotoAccuracy, double TestAccuracy, double Seconds, double ImagesPerSecond, long? Parameters, long Bytes);
