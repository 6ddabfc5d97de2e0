using System.Numerics.Tensors;

namespace RePaViT.PhotoSimilarity.Tests.Support;

/// <summary>Random directions, each with some others near it.</summary>
internal static class UnitVectors
{
    /// <param name="count">How many.</param>
    /// <param name="length">Numbers of each.</param>
    /// <param name="perCenter">How many lie around one center.</param>
    /// <param name="seed">What they follow from.</param>
    public static float[][] Create(int count, int length, int perCenter, int seed)
    {
        var random = new Random(seed);
        float[][] centers = [.. Enumerable.Range(0, (count + perCenter - 1) / perCenter).Select(_ => Direction())];
        var rows = new float[count][];
        for (int i = 0; i < count; i++)
        {
            rows[i] = Direction();

            // From next to nothing to far away.
            TensorPrimitives.MultiplyAdd(rows[i], (float)random.NextDouble(), centers[random.Next(centers.Length)], rows[i]);
            TensorPrimitives.Divide(rows[i], TensorPrimitives.Norm<float>(rows[i]), rows[i]);
        }

        return rows;

        float[] Direction()
        {
            float[] direction = [.. Enumerable.Range(0, length).Select(_ => random.NextSingle() - 0.5f)];
            TensorPrimitives.Divide(direction, TensorPrimitives.Norm<float>(direction), direction);
            return direction;
        }
    }

    /// <summary>In double precision, by the definition.</summary>
    public static double Cosine(float[] one, float[] other)
    {
        double sum = 0;
        for (int i = 0; i < one.Length; i++)
        {
            sum += (double)one[i] * other[i];
        }

        return sum;
    }
}
