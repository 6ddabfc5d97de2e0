using System.Numerics;

namespace RePaViT.Kernels;

/// <summary>Layer normalization: y = (x - mean) / sqrt(variance + eps) * weight + bias, for each row.</summary>
internal static unsafe class LayerNorm
{
    /// <summary>Normalizes rows of x [rows, channels].</summary>
    /// <param name="x">The input.</param>
    /// <param name="y">The output; may be x itself.</param>
    /// <param name="weight">[1, channels], or a matrix without data for all ones and no bias.</param>
    /// <param name="bias">[1, channels].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="statistics">Where to keep mean and 1/deviation of each row, [rows, 2]; or a matrix without data.</param>
    public static void Forward(Matrix x, Matrix y, Matrix weight, Matrix bias, float epsilon, Matrix statistics = default)
    {
        int channels = x.Columns;
        for (int row = 0; row < x.Rows; row++)
        {
            float* source = x.Data + (long)row * x.Stride;
            float* target = y.Data + (long)row * y.Stride;
            float mean = Reduce.Sum(source, channels) / channels;
            float variance = Reduce.SumOfSquares(source, mean, channels) / channels;
            float scale = 1 / MathF.Sqrt(variance + epsilon);
            if (statistics.Data != null)
            {
                statistics.Row(row)[0] = mean;
                statistics.Row(row)[1] = scale;
            }

            Normalize(source, target, weight.Data, bias.Data, mean, scale, channels);
        }
    }

    /// <summary>
    /// The gradient of x, and added to sums [2, channels] those of weight and bias: with xh = (x - mean) scale and
    /// dh = dy weight, dx = scale (dh - mean(dh) - xh mean(dh xh)).
    /// </summary>
    /// <param name="x">The input of the forward pass.</param>
    /// <param name="statistics">What the forward pass kept, [rows, 2].</param>
    /// <param name="weight">[1, channels].</param>
    /// <param name="dy">The gradient of the output.</param>
    /// <param name="dx">The result; may be dy itself.</param>
    /// <param name="accumulate">Whether to add to dx.</param>
    /// <param name="sums">Gradients of weight and bias.</param>
    public static void Backward(
        Matrix x, Matrix statistics, Matrix weight, Matrix dy, Matrix dx, bool accumulate, Matrix sums)
    {
        int channels = x.Columns;
        float* dWeight = sums.Data;
        float* dBias = sums.Data + sums.Stride;
        for (int row = 0; row < x.Rows; row++)
        {
            float* source = x.Data + (long)row * x.Stride;
            float* gradient = dy.Data + (long)row * dy.Stride;
            float* target = dx.Data + (long)row * dx.Stride;
            float mean = statistics.Row(row)[0];
            float scale = statistics.Row(row)[1];

            float sumOfGradient = 0;
            float sumOfProduct = 0;
            Vector<float> gradients = Vector<float>.Zero;
            Vector<float> products = Vector<float>.Zero;
            var means = new Vector<float>(mean);
            var scales = new Vector<float>(scale);
            int i = 0;
            for (; i <= channels - Vector<float>.Count; i += Vector<float>.Count)
            {
                Vector<float> d = Vector.Load(gradient + i);
                Vector<float> normalized = (Vector.Load(source + i) - means) * scales;
                Vector.MultiplyAddEstimate(d, normalized, Vector.Load(dWeight + i)).Store(dWeight + i);
                (Vector.Load(dBias + i) + d).Store(dBias + i);
                Vector<float> dh = d * Vector.Load(weight.Data + i);
                gradients += dh;
                products = Vector.MultiplyAddEstimate(dh, normalized, products);
            }

            for (; i < channels; i++)
            {
                float normalized = (source[i] - mean) * scale;
                dWeight[i] += gradient[i] * normalized;
                dBias[i] += gradient[i];
                float dh = gradient[i] * weight.Data[i];
                sumOfGradient += dh;
                sumOfProduct += dh * normalized;
            }

            float meanOfGradient = (sumOfGradient + Vector.Sum(gradients)) / channels;
            float meanOfProduct = (sumOfProduct + Vector.Sum(products)) / channels;
            for (i = 0; i <= channels - Vector<float>.Count; i += Vector<float>.Count)
            {
                Vector<float> normalized = (Vector.Load(source + i) - means) * scales;
                Vector<float> dh = Vector.Load(gradient + i) * Vector.Load(weight.Data + i);
                Vector<float> d = dh - new Vector<float>(meanOfGradient) - normalized * new Vector<float>(meanOfProduct);
                Vector<float> start = accumulate ? Vector.Load(target + i) : Vector<float>.Zero;
                Vector.MultiplyAddEstimate(d, scales, start).Store(target + i);
            }

            for (; i < channels; i++)
            {
                float normalized = (source[i] - mean) * scale;
                float d = (gradient[i] * weight.Data[i] - meanOfGradient - normalized * meanOfProduct) * scale;
                target[i] = accumulate ? target[i] + d : d;
            }
        }
    }

    private static void Normalize(
        float* source, float* target, float* weight, float* bias, float mean, float scale, int channels)
    {
        var means = new Vector<float>(mean);
        var scales = new Vector<float>(scale);
        int i = 0;
        for (; i <= channels - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> normalized = (Vector.Load(source + i) - means) * scales;
            if (weight != null)
            {
                normalized = Vector.MultiplyAddEstimate(normalized, Vector.Load(weight + i), Vector.Load(bias + i));
            }

            normalized.Store(target + i);
        }

        for (; i < channels; i++)
        {
            float normalized = (source[i] - mean) * scale;
            target[i] = weight == null ? normalized : normalized * weight[i] + bias[i];
        }
    }
}
