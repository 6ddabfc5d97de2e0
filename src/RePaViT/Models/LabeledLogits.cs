using System.Numerics.Tensors;

namespace RePaViT.Models;

/// <summary>What a model answers to labeled images, all of it.</summary>
/// <param name="logits">[images, classes].</param>
/// <param name="labels">The label of each image.</param>
internal sealed class LabeledLogits(float[] logits, int[] labels)
{
    public int Count => labels.Length;

    public int Classes { get; } = logits.Length / labels.Length;

    /// <summary>Runs a model on all images of a data set.</summary>
    /// <exception cref="ArgumentException">The data set is empty, or has other classes.</exception>
    public static LabeledLogits Compute(RePaViTModel model, IImageDataset images, CancellationToken cancellationToken)
    {
        int classes = model.Architecture.Classes;
        if (images.ClassNames.Count != classes)
        {
            throw new ArgumentException($"The data set has {images.ClassNames.Count} classes, but the model has {classes}.", nameof(images));
        }

        images.CountLabels();
        float[] logits = new float[checked(images.Count * classes)];
        model.ForEachImage(
            images.Count, images.GetImage, (index, values) => values.CopyTo(logits.AsSpan(index * classes)), cancellationToken);
        return new LabeledLogits(logits, [.. Enumerable.Range(0, images.Count).Select(images.GetLabel)]);
    }

    public int Label(int image) => labels[image];

    public ReadOnlySpan<float> Of(int image) => logits.AsSpan(image * Classes, Classes);

    /// <summary>The most probable class, the first of equals.</summary>
    public int Predicted(int image) => TensorPrimitives.IndexOfMax(Of(image));

    /// <summary>softmax(logits / temperature), in double precision.</summary>
    public void Probabilities(int image, double temperature, Span<double> probabilities)
    {
        ReadOnlySpan<float> values = Of(image);
        double largest = TensorPrimitives.Max(values);
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            sum += probabilities[i] = Math.Exp((values[i] - largest) / temperature);
        }

        TensorPrimitives.Divide(probabilities, sum, probabilities);
    }

    /// <summary>Mean cross-entropy of the labels, in nats.</summary>
    public double Loss(double temperature)
    {
        double loss = 0;
        for (int image = 0; image < Count; image++)
        {
            ReadOnlySpan<float> values = Of(image);
            double largest = TensorPrimitives.Max(values);
            double sum = 0;
            foreach (float value in values)
            {
                sum += Math.Exp((value - largest) / temperature);
            }

            loss += (largest - values[Label(image)]) / temperature + Math.Log(sum);
        }

        return loss / Count;
    }

    /// <summary>Share of images whose most probable class is their label.</summary>
    public double Accuracy() => (double)Enumerable.Range(0, Count).Count(image => Predicted(image) == Label(image)) / Count;
}
