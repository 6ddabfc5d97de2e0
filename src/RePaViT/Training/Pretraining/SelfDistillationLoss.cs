using System.Numerics.Tensors;
using RePaViT.Objectives;

namespace RePaViT.Training.Pretraining;

/// <summary>
/// The loss of DINO (arXiv 2104.14294, equation 3), in plain arithmetic: cross-entropies of what the student gives for a crop with what
/// the teacher gives for others, all of them together as one target.
/// </summary>
internal static class SelfDistillationLoss
{
    /// <summary>Large crops of an image.</summary>
    public const int GlobalCrops = 2;

    /// <summary>Pairs of a large crop and another crop: the loss of an image is their mean.</summary>
    public static int Pairs(int localCrops) => GlobalCrops * (GlobalCrops + localCrops) - GlobalCrops;

    /// <summary>q = softmax((t - c) / temperature).</summary>
    /// <param name="teacher">t.</param>
    /// <param name="center">c.</param>
    /// <param name="temperature">The teacher's.</param>
    /// <param name="probabilities">Gets q.</param>
    public static void Sharpen(ReadOnlySpan<float> teacher, ReadOnlySpan<float> center, double temperature, Span<float> probabilities)
    {
        TensorPrimitives.Subtract(teacher, center, probabilities);
        double max = TensorPrimitives.Max<float>(probabilities);
        double sum = 0;
        foreach (ref float value in probabilities)
        {
            double power = Math.Exp((value - max) / temperature);
            sum += power;
            value = (float)power;
        }

        TensorPrimitives.Multiply(probabilities, (float)(1 / sum), probabilities);
    }

    /// <summary>-sum of q log softmax(s / temperature), for a crop, and its gradient times a factor.</summary>
    /// <param name="student">s.</param>
    /// <param name="target">q: the probabilities of one large crop, or the sum of those of several.</param>
    /// <param name="count">What they add up to.</param>
    /// <param name="temperature">The student's.</param>
    /// <param name="gradient">Gets the gradient of s.</param>
    /// <param name="scale">The factor.</param>
    public static double Compute(
        ReadOnlySpan<float> student, ReadOnlySpan<float> target, int count, double temperature, Span<float> gradient, double scale)
    {
        var logShares = new LogShares(student, temperature);
        double loss = 0;
        for (int i = 0; i < student.Length; i++)
        {
            double logShare = logShares.Of(student[i]);
            loss -= target[i] * logShare;
            gradient[i] = (float)(scale / temperature * (count * Math.Exp(logShare) - target[i]));
        }

        return loss;
    }
}
