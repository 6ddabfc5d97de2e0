using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using Spectre.Console;

namespace RePaViT.QuickStart;

/// <summary>The trained and the deployed form of one network, side by side on the same images.</summary>
internal sealed class Comparison
{
    private const int BatchSize = 64;

    private const int TimedImages = 512;
    private const int TimedRounds = 5;

    private readonly Form _trained;
    private readonly Form _deployed;
    private readonly int _images;

    public Comparison(RePaViTModel trained, RePaViTModel deployed, IImageDataset images)
    {
        int[] labels = [.. Enumerable.Range(0, images.Count).Select(images.GetLabel)];
        float[] pixels = Prepare(images, deployed);
        _images = images.Count;
        _trained = new Form("trained", trained, pixels, labels);
        _deployed = new Form("deployed", deployed, pixels, labels);

        // In turns, and the best of each counts: whatever else the machine does should favor neither.
        for (int round = 0; round < TimedRounds; round++)
        {
            _trained.MeasureSpeed();
            _deployed.MeasureSpeed();
        }
    }

    public void Write()
    {
        Table table = new Table().RoundedBorder().AddColumn("");
        foreach (string column in (string[])[_trained.Name, _deployed.Name, $"{_deployed.Name} / {_trained.Name}"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        table.AddRow("Test accuracy", Format(100 * _trained.Accuracy, "F2", "%"), Format(100 * _deployed.Accuracy, "F2", "%"), "");
        AddRow("Parameters", form => form.Model.Cost.Parameters / 1e6, "F3", " M");
        AddRow("Multiply-adds per image", form => form.Model.Cost.MultiplyAdds / 1e6, "F1", " M");
        AddRow("Images/s", form => form.ImagesPerSecond, "F0", "");
        AnsiConsole.Write(table);

        int differing = _trained.Predictions.Zip(_deployed.Predictions).Count(pair => pair.First != pair.Second);
        double difference = _trained.Logits.Zip(_deployed.Logits).Max(pair => Math.Abs((double)pair.First - pair.Second));
        Console.WriteLine($"Test predictions that differ: {differing} of {_images}");
        Console.WriteLine($"Largest logit difference: {Format(difference, "0.0e-0", "")}");

        void AddRow(string name, Func<Form, double> value, string format, string unit) => table.AddRow(
            name,
            Format(value(_trained), format, unit),
            Format(value(_deployed), format, unit),
            Format(value(_deployed) / value(_trained), "F2", ""));
    }

    private static string Format(double value, string format, string unit)
        => value.ToString(format, CultureInfo.InvariantCulture) + unit;

    /// <summary>All images as the network takes them, so that only the network is timed.</summary>
    private static float[] Prepare(IImageDataset images, RePaViTModel model)
    {
        int size = model.Architecture.ImageSize;
        int length = 3 * size * size;
        float[] pixels = new float[checked(images.Count * length)];
        Parallel.For(0, images.Count, i => model.Preprocessing.Prepare(images.GetImage(i), size, pixels.AsSpan(i * length, length)));
        return pixels;
    }

    private sealed class Form
    {
        private readonly float[] _pixels;

        public Form(string name, RePaViTModel model, float[] pixels, int[] labels)
        {
            Name = name;
            Model = model;
            _pixels = pixels;
            Logits = new float[labels.Length * model.Architecture.Classes];
            Classify(labels.Length);
            Predictions = [.. Logits.Chunk(model.Architecture.Classes).Select(logits => TensorPrimitives.IndexOfMax<float>(logits))];
            Accuracy = Predictions.Zip(labels).Count(pair => pair.First == pair.Second) / (double)labels.Length;
        }

        public string Name { get; }

        public RePaViTModel Model { get; }

        public float[] Logits { get; }

        public int[] Predictions { get; }

        public double Accuracy { get; }

        public double ImagesPerSecond { get; private set; }

        public void MeasureSpeed()
        {
            int count = Math.Min(TimedImages, Predictions.Length);
            long start = Stopwatch.GetTimestamp();
            Classify(count);
            ImagesPerSecond = Math.Max(ImagesPerSecond, count / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        /// <summary>Computes the logits of the first images.</summary>
        private void Classify(int count)
        {
            int classes = Model.Architecture.Classes;
            int imageLength = _pixels.Length / (Logits.Length / classes);
            for (int start = 0; start < count; start += BatchSize)
            {
                int batch = Math.Min(BatchSize, count - start);
                Model.ComputeLogits(
                    _pixels.AsSpan(start * imageLength, batch * imageLength),
                    Logits.AsSpan(start * classes, batch * classes));
            }
        }
    }
}
