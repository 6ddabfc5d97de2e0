using System.Numerics.Tensors;

namespace RePaViT.Objectives;

/// <summary>
/// The contrastive loss of CLIP (Radford et al., arXiv 2103.00020, figure 3). With n images x and their texts y, vectors of length 1 in the
/// same order, and a scale s, z[i, j] = s x[i] y[j]; loss = (mean of H(i, softmax(z[i, :])) + mean of H(j, softmax(z[:, j]))) / 2.
/// Logits are computed twice instead of being kept, so that memory grows with n and not with its square.
/// </summary>
internal static class ContrastiveLoss
{
    /// <summary>The loss of all pairs, and its gradients.</summary>
    /// <param name="images">[pairs, length].</param>
    /// <param name="texts">[pairs, length].</param>
    /// <param name="length">Numbers of a vector.</param>
    /// <param name="scale">s.</param>
    /// <param name="imageGradient">Gets the gradient of the images; as long as they are, or empty if it is not needed.</param>
    /// <param name="textGradient">Gets that of the texts, likewise.</param>
    public static ContrastiveResult Compute(
        ReadOnlySpan<float> images, ReadOnlySpan<float> texts, int length, double scale, Span<float> imageGradient, Span<float> textGradient)
    {
        int pairs = images.Length / length;
        double[] logits = new double[pairs];
        double[] rowLogs = new double[pairs];
        var columns = new LogSum[pairs];
        Array.Fill(columns, LogSum.Empty);
        double loss = 0;
        int correct = 0;
        for (int image = 0; image < pairs; image++)
        {
            ComputeLogits(images.Slice(image * length, length), texts, scale, logits);
            LogSum row = LogSum.Empty;
            for (int text = 0; text < pairs; text++)
            {
                row.Add(logits[text]);
                columns[text].Add(logits[text]);
            }

            rowLogs[image] = row.Value;
            loss += rowLogs[image] - 2 * logits[image];

            // Another image may have the same text, which is right as well.
            correct += logits[image] >= row.Max ? 1 : 0;
        }

        double[] columnLogs = Array.ConvertAll(columns, column => column.Value);
        loss += TensorPrimitives.Sum<double>(columnLogs);
        double scaleGradient = 0;
        imageGradient.Clear();
        textGradient.Clear();
        for (int image = 0; image < pairs; image++)
        {
            ReadOnlySpan<float> own = images.Slice(image * length, length);
            ComputeLogits(own, texts, scale, logits);
            for (int text = 0; text < pairs; text++)
            {
                double shares = Math.Exp(logits[text] - rowLogs[image]) + Math.Exp(logits[text] - columnLogs[text]);
                double gradient = (shares - (image == text ? 2 : 0)) / (2 * pairs);
                scaleGradient += gradient * logits[text];
                Add(texts.Slice(text * length, length), gradient * scale, imageGradient, image);
                Add(own, gradient * scale, textGradient, text);
            }
        }

        return new ContrastiveResult(loss / (2 * pairs), correct, scaleGradient);
    }

    private static void ComputeLogits(ReadOnlySpan<float> image, ReadOnlySpan<float> texts, double scale, double[] logits)
    {
        for (int text = 0; text < logits.Length; text++)
        {
            logits[text] = scale * TensorPrimitives.Dot(image, texts.Slice(text * image.Length, image.Length));
        }
    }

    private static void Add(ReadOnlySpan<float> vector, double factor, Span<float> gradients, int index)
    {
        if (!gradients.IsEmpty)
        {
            Span<float> gradient = gradients.Slice(index * vector.Length, vector.Length);
            TensorPrimitives.MultiplyAdd(vector, (float)factor, gradient, gradient);
        }
    }

    /// <summary>The logarithm of a sum of exponentials, term by term.</summary>
    private struct LogSum
    {
        private double _sum;

        public static LogSum Empty => new() { Max = double.NegativeInfinity };

        public double Max { get; private set; }

        public readonly double Value => Max + Math.Log(_sum);

        public void Add(double term)
        {
            if (term > Max)
            {
                _sum *= Math.Exp(Max - term);
                Max = term;
            }

            _sum += Math.Exp(term - Max);
        }
    }
}
