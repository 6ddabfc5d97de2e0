using RePaViT.Tests.Support;
using RePaViT.Training.Pixels;

namespace RePaViT.Tests.Training.Pixels;

[TestClass]
public sealed class GaussianBlurTests
{
    [TestMethod]
    [DataRow(1, 0.7)]
    [DataRow(5, 0.3)]
    [DataRow(7, 1.5)]
    [DataRow(4, 9.0)]
    public void Every_pixel_is_a_weighted_mean_of_those_around_it(int size, double deviation)
    {
        float[] planes = RandomWeights.Floats(3 * size * size, seed: 1);
        double[] expected = new double[planes.Length];
        int radius = Math.Max(1, (int)Math.Ceiling(3 * deviation));
        for (int i = 0; i < planes.Length; i++)
        {
            (int plane, int y, int x) = (i / (size * size), i / size % size, i % size);
            double sum = 0;
            double weights = 0;
            for (int dy = -radius; dy <= radius; dy++)
            {
                for (int dx = -radius; dx <= radius; dx++)
                {
                    double weight = Math.Exp(-0.5 * (dx * dx + dy * dy) / (deviation * deviation));
                    int from = (plane * size + Math.Clamp(y + dy, 0, size - 1)) * size + Math.Clamp(x + dx, 0, size - 1);
                    sum += weight * planes[from];
                    weights += weight;
                }
            }

            expected[i] = sum / weights;
        }

        GaussianBlur.Apply(planes, size, deviation);

        Assert.IsLessThan(1e-5, Difference.Relative(expected, planes));
    }
}
