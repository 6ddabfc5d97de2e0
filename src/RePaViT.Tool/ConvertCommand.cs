using System.CommandLine;
using System.Globalization;

namespace RePaViT.Tool;

/// <summary><c>convert</c>: a vanilla model made channel-idle without training.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = $"A vanilla network. {ModelFiles.Description}" };
        var images = new Argument<string[]>("IMAGES")
        {
            Description = "A few hundred image files of the kind that the model is for, or folders of them.",
            Arity = ArgumentArity.OneOrMore,
        };
        var output = new Option<string>("--output") { Description = "The file to write.", DefaultValueFactory = _ => "converted.onnx" };
        var idleRatio = new Option<double?>("--idle-ratio") { Description = "Share of hidden channels that become one matrix, 0 to 1. Default: 0.75." };
        var share = new Option<double?>("--multiply-adds-share")
        {
            Description = "The cost of an image after conversion, as a share of what it costs now.",
        };
        var agreement = new Option<double?>("--minimum-agreement")
        {
            Description = "Take the largest idle ratio at which at least this share of held-out images keeps its class.",
        };
        var cosine = new Option<double?>("--minimum-cosine")
        {
            Description = "For networks with embeddings: take the largest idle ratio at which those of held-out images have at least this mean cosine.",
        };
        var limit = new Option<int>("--images")
        {
            Description = "The largest number of images to use.", DefaultValueFactory = _ => new ConversionOptions().Images,
        };
        var noNorm = new Option<bool>("--no-normalization")
        {
            Description = "Leave out layer normalization, as the paper does when deploying: slightly faster, less faithful.",
        };
        var command = new Command("convert", "Makes a vanilla network channel-idle without training: smaller, faster, nearly the same.")
        {
            model, images, output, idleRatio, share, agreement, cosine, limit, noNorm,
        };
        command.SetInterruptible((line, cancellation) =>
        {
            Run(
                ModelSource.Open(line.GetRequiredValue(model)),
                ImageFiles.Find(line.GetRequiredValue(images)),
                new ConversionOptions
                {
                    IdleRatio = line.GetValue(idleRatio),
                    MultiplyAddsShare = line.GetValue(share),
                    MinimumAgreement = line.GetValue(agreement),
                    MinimumCosine = line.GetValue(cosine),
                    Images = line.GetValue(limit),
                    KeepNormalization = !line.GetValue(noNorm),
                },
                line.GetRequiredValue(output),
                cancellation);
            return Tool.Done;
        });
        return command;
    }

    private static void Run(
        RePaViTModel model, IReadOnlyList<string> files, ConversionOptions options, string output, CancellationToken cancellationToken)
    {
        ConversionResult result = ProgressBar.Show<ConversionProgress, ConversionResult>(
            progress => model.ToChannelIdle(new FileImages(files, model.Preprocessing.Decoding), options, progress, cancellationToken),
            progress => (double)progress.Block / progress.Blocks,
            _ => true);
        result.Model.Save(output);
        ConversionReport report = result.Report;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Closeness(report, model.Architecture.Classes)}; multiply-adds {report.CostBefore.MultiplyAdds / 1e6:0} M before, {report.CostAfter.MultiplyAdds / 1e6:0} M after; {report.ImagesPerSecondAfter / report.ImagesPerSecondBefore:0.00} times the speed"));
        Console.WriteLine($"Wrote {Path.GetFullPath(output)}");
    }

    /// <summary>Classes say nothing about a network with one of them, such as an image tower.</summary>
    private static string Closeness(ConversionReport report, int classes)
    {
        string agreement = string.Create(
            CultureInfo.InvariantCulture, $"{100 * report.HeldOutAgreement:F1} % of {report.HeldOutImages} held-out images keep their class");
        string embeddings = string.Create(
            CultureInfo.InvariantCulture,
            $"embeddings of {report.HeldOutImages} held-out images keep a cosine of {report.HeldOutCosine:F4} on average, {report.LeastHeldOutCosine:F4} at least");
        return report.HeldOutCosine is null ? agreement
            : classes == 1 ? embeddings
            : $"{agreement}; {embeddings}";
    }

    /// <summary>Decoded when they are requested.</summary>
    private sealed class FileImages(IReadOnlyList<string> files, ImageDecoding? decoding) : IReadOnlyList<RgbImage>
    {
        public int Count => files.Count;

        public RgbImage this[int index] => ImageFiles.Read(files[index], decoding);

        public IEnumerator<RgbImage> GetEnumerator() => files.Select(file => ImageFiles.Read(file, decoding)).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
