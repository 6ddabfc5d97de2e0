using System.Numerics.Tensors;
using RePaViT.Models;
using RePaViT.Networks;

namespace RePaViT;

/// <summary>
/// Probabilities that say how often a model is right: all logits are divided by one number, the temperature, which is fitted to
/// held-out images (Guo et al., arXiv 1706.04599, section 4.2). No image changes class.
/// </summary>
public static class TemperatureScaling
{
    // No network is that far off. Images that are all right, or all wrong, have their best temperature at 0 or infinity.
    private const double Least = 0.05;
    private const double Greatest = 20;

    // Halves the range in which the temperature lies, ratio by ratio, to the last bit of a float.
    private const int Halvings = 40;

    /// <summary>Finds the temperature with the least mean cross-entropy.</summary>
    /// <param name="model">The model.</param>
    /// <param name="heldOut">Images that the model was not trained on, with the model's classes.</param>
    /// <param name="cancellationToken">Stops it between two batches.</param>
    /// <exception cref="ArgumentException">
    /// The data set is empty, has another number of classes, or a label or an image that is not accepted.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TemperatureFit Fit(RePaViTModel model, IImageDataset heldOut, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(heldOut);
        return Fit(LabeledLogits.Compute(model, heldOut, cancellationToken));
    }

    /// <summary>The same model with logits divided by a temperature: its file has the same layers, and other weights in the last one.</summary>
    /// <param name="model">The model, in any form.</param>
    /// <param name="temperature">
    /// A number from 0.05 to 20, such as <see cref="Fit(RePaViTModel, IImageDataset, CancellationToken)"/> finds.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The temperature is not accepted.</exception>
    public static RePaViTModel WithTemperature(this RePaViTModel model, double temperature)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (!(temperature is >= Least and <= Greatest))
        {
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, $"A number from {Least} to {Greatest} is needed.");
        }

        Network network = model.Network;
        var scaled = network.Layers.Where(layer => layer.IsHead).SelectMany(layer => layer.Tensors).Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        var weights = new NamedTensors();
        foreach ((string name, WeightTensor tensor) in network.Weights)
        {
            weights.Add(name, scaled.Contains(name) ? Divide(tensor, temperature) : tensor);
        }

        return model.With(model.Description, new Network(network.Layout, weights, network.Stage));
    }

    /// <summary>The temperature with the least mean cross-entropy.</summary>
    internal static TemperatureFit Fit(LabeledLogits answers)
    {
        // The loss is convex in 1/T, so that its slope there changes its sign once.
        (double low, double high) = (1 / Greatest, 1 / Least);
        for (int i = 0; i < Halvings; i++)
        {
            double middle = Math.Sqrt(low * high);
            (low, high) = Slope(answers, middle) > 0 ? (low, middle) : (middle, high);
        }

        double temperature = Math.Clamp(1 / Math.Sqrt(low * high), Least, Greatest);
        return new TemperatureFit(temperature, answers.Loss(1), answers.Loss(temperature), answers.Count);
    }

    /// <summary>Derivative of the mean cross-entropy with respect to 1/T: the expected logit less the label's.</summary>
    private static double Slope(LabeledLogits answers, double inverse)
    {
        double[] probabilities = new double[answers.Classes];
        double sum = 0;
        for (int image = 0; image < answers.Count; image++)
        {
            ReadOnlySpan<float> logits = answers.Of(image);
            answers.Probabilities(image, 1 / inverse, probabilities);
            for (int i = 0; i < logits.Length; i++)
            {
                sum += probabilities[i] * logits[i];
            }

            sum -= logits[answers.Label(image)];
        }

        return sum / answers.Count;
    }

    private static WeightTensor Divide(WeightTensor tensor, double divisor)
    {
        float[] values = tensor.ToArray();
        TensorPrimitives.Divide(values, (float)divisor, values);
        return new WeightTensor(values, tensor.Shape);
    }
}
