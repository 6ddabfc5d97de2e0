using System.CommandLine;
using System.Globalization;
using Microsoft.ML.Data;
using RePaViT.Benchmarks;
using Spectre.Console;

namespace RePaViT.MLNet.Benchmarks;

/// <summary><c>decode</c>: how long photos take to be read for training, in full and no larger than training needs them.</summary>
internal static class DecodeCommand
{
    private const int Rounds = 5;

    public static Command Create()
    {
        var images = new Option<int>("--images") { Description = "Photos to draw.", DefaultValueFactory = _ => 40 };
        var width = new Option<int>("--width") { Description = "In pixels; the height is three quarters of it.", DefaultValueFactory = _ => 4000 };
        var side = new Option<int>("--reduced-side") { Description = "Pixels of the shorter side that training keeps.", DefaultValueFactory = _ => 256 };
        var command = new Command("decode", "Measures the decoding of large JPEG photos, in full and reduced, in turns on one thread.") { images, width, side };
        command.SetAction(line => Report.Write(
            line, Run(line.GetValue(images), line.GetValue(width), line.GetValue(side)), report => Report.Text.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Images} photos of {report.Width} pixels reduced to {report.ReducedSide}: {report.FullPerSecond:0.0} a second in full, {report.ReducedPerSecond:0.0} reduced while they are decoded, {report.Ratio:0.0} times as many"))));
        return command;
    }

    private static DecodeReport Run(int images, int width, int side)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 4);
        byte[][] files = [.. Enumerable.Range(0, images).Select(seed => Draw(width, seed))];
        var preprocessing = new ImagePreprocessing { ReducedSide = side };
        var full = new Rate();
        var reduced = new Rate();
        for (int round = 0; round < Rate.WarmupRuns + Rounds; round++)
        {
            full.Time(() => Array.ForEach(files, file => preprocessing.Reduce(ImageFile.Decode(file))));
            reduced.Time(() => Array.ForEach(files, file => preprocessing.Reduce(ImageFile.Decode(file, preprocessing))));
        }

        return new DecodeReport(images, width, side, images / full.MedianSeconds, images / reduced.MedianSeconds, full.MedianSeconds / reduced.MedianSeconds);
    }

    /// <summary>Waves of many lengths with some noise: a file of about the size that a camera makes of a photo.</summary>
    private static byte[] Draw(int width, int seed)
    {
        int height = 3 * width / 4;
        var random = new Random(seed);
        double[] lengths = [.. Enumerable.Range(0, 6).Select(_ => 5 + 300 * random.NextDouble())];
        byte[] pixels = new byte[4 * width * height];
        for (int i = 0; i < width * height; i++)
        {
            for (int channel = 0; channel < 3; channel++)
            {
                double value = 127 + 50 * Math.Sin(i % width / lengths[channel]) + 50 * Math.Cos(i / width / lengths[3 + channel]);
                pixels[4 * i + channel] = (byte)(value + random.Next(12));
            }

            pixels[4 * i + 3] = byte.MaxValue;
        }

        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.jpg");
        try
        {
            using (MLImage image = MLImage.CreateFromPixels(width, height, MLPixelFormat.Rgba32, pixels))
            {
                image.Save(path);
            }

            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

/// <summary>What was measured.</summary>
internal sealed record DecodeReport(int Images, int Width, int ReducedSide, double FullPerSecond, double ReducedPerSecond, double Ratio);
